/* Line templates: C text with Lua between the lines.

   A line whose first character that is not blank is `$`, followed by a space or nothing, is Lua;
   in every other line ${expression} is replaced, and the line is copied. One line of a template
   becomes one line of Lua, so that an error names the template's own line. Text inside a Lua
   function is emitted when the function is called.

   A template's globals are its parameters, `string`, `table`, `math`, `ipairs`, `select`, `type`,
   `tostring`, `tonumber`, `assert`, `error`, and
     include "FILE"   runs another template here: it emits its text and leaves its functions
     emit(...)        writes strings and numbers, as a text line does
   Reading any other name is an error, and so is a global that is not a function: no typing mistake
   goes unseen. `pairs` is missing because its order changes from run to run. */
#ifndef CNNC_TEMPLATE_H
#define CNNC_TEMPLATE_H

#include "driver/arena.h"
#include "driver/embedded.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct TemplateParam {
  const char *name;
  enum {
    PARAM_INT,
    PARAM_BOOL,
    PARAM_STRING,
    PARAM_NUMBER,   /* for the template its digits in C, exact */
    PARAM_REFERENCE /* for the template a string, which is set before it is rendered */
  } type;
  union {
    int64_t integer;
    bool boolean;
    const char *string;
    double number;
    const char *const *reference;
  };
} TemplateParam;

static inline TemplateParam param_int(const char *name, int64_t value) {
  return (TemplateParam){.name = name, .type = PARAM_INT, .integer = value};
}
static inline TemplateParam param_bool(const char *name, bool value) {
  return (TemplateParam){.name = name, .type = PARAM_BOOL, .boolean = value};
}
static inline TemplateParam param_string(const char *name, const char *value) {
  return (TemplateParam){.name = name, .type = PARAM_STRING, .string = value};
}
static inline TemplateParam param_number(const char *name, double value) {
  return (TemplateParam){.name = name, .type = PARAM_NUMBER, .number = value};
}
static inline TemplateParam param_reference(const char *name, const char *const *value) {
  return (TemplateParam){.name = name, .type = PARAM_REFERENCE, .reference = value};
}

enum { NUMBER_DIGITS_MAX = 32 };

/* The shortest decimal digits that are exactly the number. */
const char *number_digits(double number, char digits[NUMBER_DIGITS_MAX]);

/* Compiles a template when it is first rendered and keeps it. */
typedef struct TemplateEngine TemplateEngine;

TemplateEngine *template_engine_new(Arena *arena); /* EMBEDDED_TEMPLATES */
TemplateEngine *template_engine_new_from(Arena *arena,
                                         const EmbeddedFile *files); /* a table of its own */
void template_engine_release(TemplateEngine *engine);

/* The text of the template `name` ("conv2d.c.in") with its parameters, in the arena. A template
   that fails is our mistake: prints "templates/NAME:LINE: ..." and aborts. */
char *template_render(TemplateEngine *engine, const char *name, const TemplateParam *params,
                      int count);

/* The same, but a failure gives NULL and its message, in the arena. */
char *template_try_render(TemplateEngine *engine, const char *name, const TemplateParam *params,
                          int count, const char **error);

#endif
