#include "emit/paste.h"

#include <string.h>

static bool starts(const char *at, const char *word) {
  return !strncmp(at, word, strlen(word));
}

/* The header's name of a line `#include "FOLDER/NAME.h"`; NULL for other lines. */
static const char *included_name(Arena *arena, const char *line) {
  if (!starts(line, "#include \"")) return NULL;
  const char *name = line + strlen("#include \"");
  const size_t length = strcspn(name, "\"\n");
  char *path = arena_printf(arena, "%.*s", (int)length, name);
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Whether the line belongs to a header alone. model.c.in includes these standard headers. */
static bool is_left_out(const char *line) {
  static const char *const LINES[] = {
      "#pragma once\n",        "#pragma GCC diagnostic ", "#include <math.h>\n",
      "#include <stddef.h>\n", "#include <stdint.h>\n",   "#include <string.h>\n",
      "#include <cnn.h>\n",
  };
  for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++)
    if (starts(line, LINES[i])) return true;
  return false;
}

void paste_text(Paster *paster, FILE *out, const char *text) {
  for (const char *line = text; *line;) {
    const size_t length = strcspn(line, "\n");
    const char *name = included_name(paster->arena, line);
    if (name)
      paste_header(paster, out, name);
    else if (!is_left_out(line))
      fprintf(out, "%.*s\n", (int)length, line);
    line += length + (line[length] == '\n');
  }
}

/* Takes out the include guard: #ifndef X, #define X, and all from the last #endif on. */
static void remove_guard(char *text) {
  char *guard = starts(text, "#ifndef ") ? text : strstr(text, "\n#ifndef ");
  if (!guard) return;
  guard += *guard == '\n';
  const char *name = guard + strlen("#ifndef ");
  const size_t length = strcspn(name, "\n");
  char *define = guard + strlen("#ifndef ") + length + 1;
  if (!starts(define, "#define ")) return;
  const char *defined = define + strlen("#define ");
  if (strncmp(defined, name, length) != 0 || defined[length] != '\n') return;
  char *last = NULL;
  for (char *at = define; (at = strstr(at, "\n#endif")) != NULL; at++) last = at + 1;
  if (!last) return;
  *last = '\0';
  char *behind = define + strcspn(define, "\n");
  memmove(guard, behind, strlen(behind) + 1);
}

/* The first character behind the comment at the top of a header, or the text itself. */
static const char *behind_comment(const char *text) {
  const char *end = starts(text, "/*") ? strstr(text, "*/\n") : NULL;
  return end ? end + strlen("*/\n") : text;
}

/* Pastes the headers that are included at the top; returns what follows. */
static const char *paste_included(Paster *paster, FILE *out, const char *line) {
  while (*line) {
    const size_t length = strcspn(line, "\n");
    const char *name = included_name(paster->arena, line);
    if (name) paste_header(paster, out, name);
    if (!name && length > 0 && !is_left_out(line)) break;
    line += length + (line[length] == '\n');
  }
  return line;
}

void paste_header(Paster *paster, FILE *out, const char *name) {
  if (!strcmp(name, "vec.h")) name = paster->vectors;
  for (int i = 0; i < paster->pasted.count; i++)
    if (!strcmp(paster->pasted.at[i], name)) return;
  LIST_PUSH(paster->arena, &paster->pasted, arena_strdup(paster->arena, name));
  char *text = template_render(paster->engine, name, NULL, 0);
  remove_guard(text);
  const char *behind = behind_comment(text);
  const char *own = paste_included(paster, out, behind);
  if (behind > text) fprintf(out, "%.*s\n", (int)(behind - text), text);
  paste_text(paster, out, own);
  fputc('\n', out);
}
