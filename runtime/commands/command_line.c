#include "commands/command_line.h"

#include "commands/arguments.h"
#include "train/run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const cnn_works[] = {"train", "infer", NULL};

/* --- shared options --------------------------------------------------------------------------- */

enum { THREADS_MAX = 1024 };

#define AT(field) offsetof(cnn_shared_options, field)
static const struct {
  char letter; /* in cnn_command_line.shared */
  cnn_option option;
} SHARED[] = {
    {'t',
     {"threads", 't', "N",
      "Threads (default: one on every processor that affinity mask and CPU quota allow)",
      CNN_INTEGER, AT(threads), 1, THREADS_MAX, NULL}},
    {'n',
     {"count", 'n', "N", "Images (default: the program's batch)", CNN_IMAGES, AT(count), 0, 0,
      NULL}},
    {'s',
     {"seed", 's', "N", "Of weights, images, labels and dropout (default: 1)", CNN_LONG, AT(seed),
      0, INT64_MAX, NULL}},
    {'w',
     {"weights", 'w', "FILE",
      "Weights of a checkpoint (default: initial weights, as training starts)", CNN_TEXT,
      AT(weights), 0, 0, NULL}},
    {'T',
     {"weights", 'w', "FILE", "Checkpoint (default: runs/<model>/last.safetensors)", CNN_TEXT,
      AT(weights), 0, 0, NULL}},
    {'f',
     {"flip", 'f', NULL,
      "Logits are means over each image and its mirror image: higher accuracy, for twice the work",
      CNN_FLAG, AT(flip), 0, 0, NULL}},
};
#undef AT
enum { SHARED_COUNT = sizeof SHARED / sizeof *SHARED };

cnn_shared_options cnn_shared_defaults(const cnn_model *model) {
  return (cnn_shared_options){.model = model, .count = model->batch, .seed = 1};
}

/* --- the options of a command ----------------------------------------------------------------- */

enum { OPTIONS_MAX = 64, KEY_FIRST = 256 };

typedef struct parse {
  const cnn_command_line *line;
  void *options;
  const cnn_option *option[OPTIONS_MAX]; /* its key is KEY_FIRST + index, or its letter */
  int count;
} parse;

static void list_options(parse *p) {
  for (int i = 0; i < SHARED_COUNT; i++)
    if (strchr(p->line->shared, SHARED[i].letter)) p->option[p->count++] = &SHARED[i].option;
  const cnn_option *const tables[] = {p->line->options, p->line->more};
  for (int i = 0; i < 2; i++)
    for (const cnn_option *o = tables[i]; o && o->name; o++) {
      assert(p->count < OPTIONS_MAX);
      p->option[p->count++] = o;
    }
}

static const cnn_option *option_of_key(const parse *p, int key) {
  for (int i = 0; i < p->count; i++)
    if (key == KEY_FIRST + i || (key == p->option[i]->letter && key)) return p->option[i];
  return NULL;
}

static const cnn_option *option_of_name(const parse *p, const char *name) {
  for (int i = 0; i < p->count; i++)
    if (strcmp(p->option[i]->name, name) == 0) return p->option[i];
  return NULL;
}

static int images_of_step(const struct argp_state *state, const char *option, const char *text,
                          const cnn_model *model) {
  int64_t count = cnn_argument_integer(state, option, text, 1, INT32_MAX);
  if (count > model->batch)
    argp_error(state,
               "%s %s: this program computes at most %d images a step; compile the model with "
               "--batch %s",
               option, text, model->batch, text);
  return (int)count;
}

static void set_option(parse *p, const cnn_option *o, const char *text, struct argp_state *state) {
  const cnn_shared_options *shared = p->options;
  void *to = (char *)p->options + o->offset;
  char name[64];
  snprintf(name, sizeof name, "--%s", o->name);
  switch (o->kind) {
  case CNN_FLAG:
    *(bool *)to = true;
    break;
  case CNN_TEXT:
    *(const char **)to = text;
    break;
  case CNN_TEXT_OR_NONE:
    *(const char **)to = text ? text : o->words[0];
    break;
  case CNN_INTEGER:
    *(int *)to = (int)cnn_argument_integer(state, name, text, o->least, o->most);
    break;
  case CNN_LONG:
    *(int64_t *)to = cnn_argument_integer(state, name, text, o->least, o->most);
    break;
  case CNN_NUMBER:
    *(double *)to = cnn_argument_number(state, name, text, (double)o->least, (double)o->most);
    break;
  case CNN_SECONDS:
    *(double *)to = cnn_argument_seconds(state, name, text);
    break;
  case CNN_WORD:
    *(int *)to = cnn_argument_word(state, name, text, o->words);
    break;
  case CNN_IMAGES:
    *(int *)to = images_of_step(state, name, text, shared->model);
    break;
  case CNN_RENAMED: {
    char now[64];
    snprintf(now, sizeof now, "--%s", o->words[0]);
    cnn_argument_renamed(state, name, now);
    set_option(p, option_of_name(p, o->words[0]), text, state);
    return;
  }
  }
  if (p->line->given) p->line->given(p->options, o);
}

/* --- the rest of the line --------------------------------------------------------------------- */

static error_t add_operand(const parse *p, char *text, struct argp_state *state) {
  cnn_shared_options *shared = p->options;
  if (p->line->operands == CNN_SOURCES) return ARGP_ERR_UNKNOWN; /* all at once */
  if (p->line->operands == CNN_NO_OPERANDS)
    argp_error(state, "unexpected argument: %s; give options alone", text);
  if (shared->folder) argp_error(state, "one data set is enough: %s", text);
  shared->folder = text;
  return 0;
}

static void add_sources(const parse *p, const struct argp_state *state) {
  cnn_shared_options *shared = p->options;
  shared->sources = state->argv + state->next;
  shared->source_count = state->argc - state->next;
}

static void end(const parse *p, const struct argp_state *state) {
  const cnn_shared_options *shared = p->options;
  if (p->line->operands == CNN_FOLDER && !shared->folder)
    argp_error(state, "name the folder of the data set");
  if (p->line->operands == CNN_SOURCES && shared->source_count == 0)
    argp_error(state, "name the folder of a data set, or files with images");
  if (p->line->check) p->line->check(p->options, state);
}

static error_t parse_key(int key, char *text, struct argp_state *state) {
  parse *p = state->input;
  const cnn_option *option = option_of_key(p, key);
  if (option) {
    set_option(p, option, text, state);
    return 0;
  }
  switch (key) {
  case ARGP_KEY_ARG:
    return add_operand(p, text, state);
  case ARGP_KEY_ARGS:
    add_sources(p, state);
    return 0;
  case ARGP_KEY_END:
    end(p, state);
    return 0;
  }
  return ARGP_ERR_UNKNOWN;
}

static const char *operands_text(const cnn_command_line *line) {
  switch (line->operands) {
  case CNN_NO_OPERANDS:
    break;
  case CNN_FOLDER:
    return "DIR";
  case CNN_FOLDER_OR_NONE:
    return "[DIR]";
  case CNN_SOURCES:
    return line->operands_text;
  }
  return NULL;
}

void cnn_command_line_parse(const cnn_command_line *line, int argc, char **argv, void *options) {
  struct argp_option table[OPTIONS_MAX + 1] = {0};
  parse p = {.line = line, .options = options};
  list_options(&p);
  for (int i = 0; i < p.count; i++) {
    const cnn_option *o = p.option[i];
    table[i] = (struct argp_option){.name = o->name,
                                    .key = o->letter ? o->letter : KEY_FIRST + i,
                                    .arg = o->argument,
                                    .doc = o->text,
                                    .flags = o->kind == CNN_RENAMED        ? OPTION_HIDDEN
                                             : o->kind == CNN_TEXT_OR_NONE ? OPTION_ARG_OPTIONAL
                                                                           : 0};
  }
  cnn_shared_options *shared = options;
  if (strchr(line->shared, 'T'))
    shared->weights = cnn_default_weights(shared->model, shared->trained);
  const struct argp parser = {.options = p.count > 0 ? table : NULL,
                              .parser = parse_key,
                              .args_doc = operands_text(line),
                              .doc = line->doc};
  argp_parse(&parser, argc, argv, 0, NULL, &p);
}
