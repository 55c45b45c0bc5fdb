#include "emit/tokens.h"

#include <ctype.h>
#include <string.h>

const char *token_comment_end(const char *at) {
  if (at[1] == '/') return strchrnul(at, '\n');
  const char *end = strstr(at + 2, "*/");
  return end ? end + 2 : at + strlen(at);
}

static bool is_name(char c) {
  return isalnum((unsigned char)c) || c == '_';
}

/* Behind a string or a character that begins at `at`. */
static const char *quoted_end(const char *at) {
  const char quote = *at++;
  while (*at && *at != quote) at += at[0] == '\\' && at[1] ? 2 : 1;
  return *at ? at + 1 : at;
}

/* Behind a number: 0x1.8p-3f, 1e+5. */
static const char *number_end(const char *at) {
  for (; is_name(*at) || *at == '.'; at++)
    if ((*at == 'e' || *at == 'E' || *at == 'p') && (at[1] == '+' || at[1] == '-')) at++;
  return at;
}

Token token_first(const char *at) {
  for (;;) {
    at += strspn(at, " \t\n\\");
    if (at[0] != '/' || (at[1] != '*' && at[1] != '/')) break;
    at = token_comment_end(at);
  }
  if (!*at) return (Token){TOKEN_END, at, 0};
  const char *end = at + 1;
  int kind = TOKEN_MARK;
  if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]))) {
    end = number_end(at);
    kind = TOKEN_LITERAL;
  } else if (*at == '"' || *at == '\'') {
    end = quoted_end(at);
    kind = TOKEN_LITERAL;
  } else if (is_name(*at)) {
    while (is_name(*end)) end++;
    kind = TOKEN_NAME;
  } else if (at[0] == '-' && at[1] == '>') {
    end++;
  }
  return (Token){kind, at, (int)(end - at)};
}

Token token_next(Token token) {
  return token.kind == TOKEN_END ? token : token_first(token.at + token.length);
}

Token token_closing(Token open) {
  int depth = 0;
  for (Token token = open; token.kind != TOKEN_END; token = token_next(token)) {
    if (token.kind != TOKEN_MARK) continue;
    if (strchr("([{", *token.at)) depth++;
    if (strchr(")]}", *token.at) && --depth == 0) return token;
  }
  return (Token){TOKEN_END, open.at + strlen(open.at), 0};
}

bool token_is(Token token, const char *text) {
  return token.kind != TOKEN_END && (size_t)token.length == strlen(text) &&
         !memcmp(token.at, text, (size_t)token.length);
}
