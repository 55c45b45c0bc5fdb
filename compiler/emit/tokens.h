/* Tokens of C text: names, literals and marks, without comments. Enough to see which names a text
   declares and uses; it need not be the whole of C. */
#ifndef CNNC_TOKENS_H
#define CNNC_TOKENS_H

#include <stdbool.h>

typedef struct Token {
  enum { TOKEN_END, TOKEN_NAME, TOKEN_LITERAL, TOKEN_MARK } kind;
  const char *at;
  int length;
} Token;

/* The first token at or behind `at`; at the text's end one of kind TOKEN_END. */
Token token_first(const char *at);
Token token_next(Token token);

/* The parenthesis, bracket or brace that closes the one given; or the text's end. */
Token token_closing(Token open);

bool token_is(Token token, const char *text);

/* Behind the comment that begins at `at`. */
const char *token_comment_end(const char *at);

#endif
