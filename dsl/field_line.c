#include "field_line.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* As much of Lua's tokens as braces and names need. */
typedef struct Scan {
  const char *at;
  int line; /* of `at` */
} Scan;

enum { END = 0, NAME = 'a', TEXT = 's', EQUAL_TO = 'e' };

typedef struct Token {
  int kind; /* one of the above, or the character itself */
  const char *start;
  size_t length;
  int line;
} Token;

static void skip(Scan *scan, size_t count) {
  for (; count > 0 && *scan->at; count--, scan->at++) scan->line += *scan->at == '\n';
}

/* Past [[...]] or [==[...]==], if it begins here. */
static bool skip_long_text(Scan *scan) {
  size_t level = *scan->at == '[' ? strspn(scan->at + 1, "=") : 0;
  char end[32];
  if (*scan->at != '[' || scan->at[1 + level] != '[' || level + 3 > sizeof end) return false;
  end[0] = ']';
  memset(end + 1, '=', level);
  memcpy(end + 1 + level, "]", 2);
  const char *close = strstr(scan->at, end);
  skip(scan, close ? (size_t)(close - scan->at) + level + 2 : strlen(scan->at));
  return true;
}

static void skip_text(Scan *scan) {
  char quote = *scan->at;
  skip(scan, 1);
  while (*scan->at && *scan->at != quote && *scan->at != '\n')
    skip(scan, *scan->at == '\\' ? 2 : 1);
  skip(scan, 1);
}

static void skip_blanks(Scan *scan) {
  for (;;) {
    skip(scan, strspn(scan->at, " \t\r\n\f\v"));
    if (strncmp(scan->at, "--", 2) != 0) return;
    skip(scan, 2);
    if (!skip_long_text(scan)) skip(scan, strcspn(scan->at, "\n"));
  }
}

static Token next_token(Scan *scan) {
  skip_blanks(scan);
  Token token = {(unsigned char)*scan->at, scan->at, 1, scan->line};
  if (isalpha(token.kind) || token.kind == '_') {
    token.kind = NAME;
    while (isalnum((unsigned char)token.start[token.length]) || token.start[token.length] == '_')
      token.length++;
    skip(scan, token.length);
  } else if (token.kind == '"' || token.kind == '\'') {
    token.kind = TEXT;
    skip_text(scan);
  } else if (skip_long_text(scan)) {
    token.kind = TEXT;
  } else if (strncmp(scan->at, "==", 2) == 0) {
    token.kind = EQUAL_TO;
    skip(scan, 2);
  } else {
    skip(scan, 1);
  }
  return token;
}

/* From behind a brace to behind `name =` in its table; the line of the name, or 0. A name begins a
   field behind a brace, a comma or a semicolon. */
static int find_field(Scan *scan, const char *name) {
  int depth = 1, before = '{';
  while (depth > 0) {
    Token token = next_token(scan);
    if (token.kind == END) return 0;
    if (strchr("({[", token.kind)) depth++;
    if (strchr(")}]", token.kind)) depth--;
    bool is_name = token.kind == NAME && depth == 1 && strchr("{,;", before) &&
                   token.length == strlen(name) && strncmp(token.start, name, token.length) == 0;
    before = token.kind;
    if (!is_name) continue;
    Token equals = next_token(scan);
    if (equals.kind == '=') return token.line;
    before = equals.kind;
  }
  return 0;
}

static bool find_brace(Scan *scan) {
  Token token;
  do token = next_token(scan);
  while (token.kind != END && token.kind != '{');
  return token.kind == '{';
}

int field_line(const char *text, int line, const char *outer, const char *field) {
  Scan scan = {text, 1};
  while (*scan.at && scan.line < line) skip(&scan, strcspn(scan.at, "\n") + 1);
  if (!find_brace(&scan)) return 0;
  if (!*outer) return find_field(&scan, field);
  int outer_line = find_field(&scan, outer);
  if (outer_line == 0 || next_token(&scan).kind != '{') return outer_line;
  int inner_line = find_field(&scan, field);
  return inner_line ? inner_line : outer_line;
}
