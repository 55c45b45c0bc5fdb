/* Pruning: of C text that many programs share, only what this one uses.

   The text is cut into its top-level declarations. A declaration stays if a root names it, or if
   one that stays names it. What declares no name (#include, #error) always stays. A
   _Static_assert stays if all stays that it names. A comment right above declarations stays with
   any of them, up to the next blank line or comment; a comment that a blank line follows stays with
   any declaration up to the next comment of this kind. The order is kept. */
#ifndef CNNC_PRUNE_H
#define CNNC_PRUNE_H

#include "driver/arena.h"

#include <stdbool.h>

/* The declarations of several texts. */
typedef struct Declarations Declarations;

/* Scans the texts, which outlive the result. They are C as clang-format writes it: a declaration
   begins at the start of a line. */
Declarations *declarations_scan(Arena *arena, const char *const *texts, int count);

/* Whether a text declares the name at its top level. */
bool declarations_have(const Declarations *declarations, const char *name);

/* Marks what stays: what the identifiers of `roots`, C text, lead to. */
void declarations_mark(Declarations *declarations, const char *roots);

/* What stays of text number `text`, with at most one blank line in a row. */
char *declarations_kept(const Declarations *declarations, int text);

#endif
