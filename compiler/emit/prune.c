#include "emit/prune.h"

#include "driver/text.h"
#include "emit/tokens.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct Item {
  enum {
    ITEM_DECLARATION,
    ITEM_ASSERT,  /* _Static_assert */
    ITEM_COMMENT, /* of the declarations right below */
    ITEM_HEADING  /* a comment of all up to the next one */
  } kind;
  const char *begin, *end; /* whole lines */
  int text;
  bool after_blank, named, kept;
} Item;

typedef struct Name {
  const char *at;
  int length, item;
} Name;

struct Declarations {
  Arena *arena;
  LIST_OF(Item *) items;
  LIST_OF(Name *) names; /* sorted once all are there */
};

/* --- items ------------------------------------------------------------------------------------ */

static const char *line_end(const char *at) {
  at = strchrnul(at, '\n');
  return *at ? at + 1 : at;
}

static bool starts(const char *at, const char *word) {
  return !strncmp(at, word, strlen(word));
}

/* The end of a directive that begins at `at`; of #if, the end of its #endif's line. */
static const char *directive_end(const char *at) {
  int depth = 0;
  do {
    if (starts(at, "#if")) depth++;
    if (starts(at, "#endif")) depth--;
    const char *end = line_end(at);
    while (end - at > 1 && end[-2] == '\\') at = end, end = line_end(at);
    at = end;
  } while (depth > 0 && *at);
  return at;
}

/* The end of a declaration: behind the `;` or the body's `}`, with what follows on that line. */
static const char *declaration_end(const char *at) {
  int depth = 0;
  for (Token token = token_first(at); token.kind != TOKEN_END; token = token_next(token)) {
    const char c = *token.at;
    if (token.kind != TOKEN_MARK) continue;
    if (c == '(' || c == '[' || c == '{') depth++;
    if (c == ')' || c == ']' || c == '}') depth--;
    if (depth > 0 || (c != ';' && c != '}')) continue;
    const char *behind = token.at + 1 + strspn(token.at + 1, " ");
    if (c == '}' && *behind && *behind != '\n' && !starts(behind, "/*")) continue;
    if (starts(behind, "/*")) behind = token_comment_end(behind);
    return line_end(behind);
  }
  return at + strlen(at);
}

static void add_name(Declarations *d, int item, Token token) {
  Name *name = ARENA_NEW(d->arena, Name);
  *name = (Name){token.at, token.length, item};
  LIST_PUSH(d->arena, &d->names, name);
  d->items.at[item]->named = true;
}

/* Names of the enumerators between the braces; returns the closing one. */
static Token add_enumerators(Declarations *d, int item, Token brace) {
  bool expects = true;
  int depth = 0;
  Token token = brace;
  for (; token.kind != TOKEN_END; token = token_next(token)) {
    if (token.kind == TOKEN_NAME && expects) add_name(d, item, token);
    expects = token.kind == TOKEN_MARK && (*token.at == ',' || *token.at == '{') && depth <= 1;
    if (token_is(token, "{") || token_is(token, "(")) depth++;
    if ((token_is(token, "}") || token_is(token, ")")) && --depth == 0) break;
  }
  return token;
}

static Token skip_braces(Token token) {
  int depth = 0;
  for (; token.kind != TOKEN_END; token = token_next(token)) {
    if (token_is(token, "{")) depth++;
    if (token_is(token, "}") && --depth == 0) break;
  }
  return token;
}

/* Names of one declaration: a function, a variable, a type with its tag and its enumerators. */
static void add_declared_names(Declarations *d, int item, const char *at, const char *end) {
  Token last = {0}, token = token_first(at);
  bool is_enum = false;
  for (; token.kind != TOKEN_END && token.at < end; token = token_next(token)) {
    if (token.kind == TOKEN_NAME) {
      is_enum = is_enum || token_is(token, "enum");
      if (token_is(token, "__attribute__") || token_is(token, "_Alignas"))
        token = token_closing(token_next(token));
      else
        last = token;
    } else if (token_is(token, "{")) { /* of a type, as a function ends the search before */
      const bool tag =
          !token_is(last, "enum") && !token_is(last, "struct") && !token_is(last, "union");
      if (last.at && tag) add_name(d, item, last);
      last.at = NULL;
      token = is_enum ? add_enumerators(d, item, token) : skip_braces(token);
    } else if (token_is(token, "(") && token_is(token_next(token), "*")) { /* to a function */
      last = token_next(token_next(token));
      break;
    } else if (strchr("([=;", *token.at)) {
      break;
    }
  }
  if (last.at) add_name(d, item, last);
}

/* Names of directives: of a macro, or of all that stands between #if and #endif. */
static void add_directive_names(Declarations *d, int item) {
  const char *at = d->items.at[item]->begin, *end = d->items.at[item]->end;
  while (at < end) {
    const char *line = at;
    if (*at == '#') {
      at = line_end(at);
      while (at - line > 1 && at[-2] == '\\') at = line_end(at);
      if (starts(line, "#define ")) add_name(d, item, token_first(line + strlen("#define ")));
    } else if (*at == '\n' || starts(at, "/*")) {
      at = line_end(*at == '/' ? token_comment_end(at) : at);
    } else {
      at = declaration_end(at);
      add_declared_names(d, item, line, at);
    }
  }
}

/* One item that begins at `at`, which is not a blank line. */
static Item *scan_item(Declarations *d, const char *at, int text, bool after_blank) {
  Item *item = ARENA_NEW(d->arena, Item);
  *item = (Item){.begin = at, .text = text, .after_blank = after_blank};
  LIST_PUSH(d->arena, &d->items, item);
  if (starts(at, "/*")) {
    item->end = line_end(token_comment_end(at));
    item->kind = *item->end == '\n' || !*item->end ? ITEM_HEADING : ITEM_COMMENT;
  } else if (*at == '#') {
    item->end = directive_end(at);
    add_directive_names(d, d->items.count - 1);
  } else if (starts(at, "_Static_assert")) {
    item->end = declaration_end(at);
    item->kind = ITEM_ASSERT;
  } else {
    item->end = declaration_end(at);
    add_declared_names(d, d->items.count - 1, at, item->end);
  }
  return item;
}

/* --- names ------------------------------------------------------------------------------------ */

static int compare_text(const char *a, int a_length, const char *b, int b_length) {
  const int order = memcmp(a, b, (size_t)(a_length < b_length ? a_length : b_length));
  return order ? order : a_length - b_length;
}

static int compare_names(const void *a, const void *b) {
  const Name *x = *(Name *const *)a, *y = *(Name *const *)b;
  const int order = compare_text(x->at, x->length, y->at, y->length);
  return order ? order : x->item - y->item;
}

/* The first of the names that are this one, or as many as there are. */
static int find_name(const Declarations *d, const char *at, int length) {
  int low = 0, high = d->names.count;
  while (low < high) {
    const int middle = (low + high) / 2;
    const Name *name = d->names.at[middle];
    if (compare_text(name->at, name->length, at, length) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool is_named(const Declarations *d, int i, const char *at, int length) {
  return i < d->names.count && d->names.at[i]->length == length &&
         !memcmp(d->names.at[i]->at, at, (size_t)length);
}

Declarations *declarations_scan(Arena *arena, const char *const *texts, int count) {
  Declarations *d = ARENA_NEW(arena, Declarations);
  d->arena = arena;
  for (int text = 0; text < count; text++) {
    bool after_blank = true;
    for (const char *at = texts[text]; *at;) {
      if (*at == '\n') {
        after_blank = true;
        at++;
        continue;
      }
      at = scan_item(d, at, text, after_blank)->end;
      after_blank = false;
    }
  }
  if (d->names.count > 0)
    qsort(d->names.at, (size_t)d->names.count, sizeof *d->names.at, compare_names);
  return d;
}

bool declarations_have(const Declarations *d, const char *name) {
  const int length = (int)strlen(name);
  return is_named(d, find_name(d, name, length), name, length);
}

/* --- what stays ----------------------------------------------------------------------------- */

/* Marks what the identifiers of the text name, and what these name in turn. */
static void mark_named(Declarations *d, const char *at, const char *end) {
  bool member = false; /* behind . or ->: not a declaration's name */
  for (Token token = token_first(at); token.kind != TOKEN_END && token.at < end;
       token = token_next(token)) {
    if (token.kind == TOKEN_NAME && !member) {
      for (int i = find_name(d, token.at, token.length); is_named(d, i, token.at, token.length);
           i++) {
        Item *item = d->items.at[d->names.at[i]->item];
        if (item->kept) continue;
        item->kept = true;
        mark_named(d, item->begin, item->end);
      }
    }
    member = token_is(token, ".") || token_is(token, "->");
  }
}

static bool all_kept(const Declarations *d, const Item *assertion) {
  for (Token token = token_first(assertion->begin); token.at < assertion->end;
       token = token_next(token)) {
    const int i = find_name(d, token.at, token.length);
    if (is_named(d, i, token.at, token.length) && !d->items.at[d->names.at[i]->item]->kept)
      return false;
  }
  return true;
}

static bool is_comment(const Item *item) {
  return item->kind == ITEM_COMMENT || item->kind == ITEM_HEADING;
}

/* Whether the item is a comment behind which what the other comment describes has ended. */
static bool ends_comment(const Item *item, const Item *other) {
  if (other->kind == ITEM_COMMENT) return item->after_blank || is_comment(item);
  const bool section = starts(item->begin, "/* ---"), in_section = starts(other->begin, "/* ---");
  return item->kind == ITEM_HEADING && (in_section || !section);
}

/* Whether a declaration stays that the comment describes. A comment right behind a heading ends
   nothing: both describe the same. */
static bool comment_stays(const Declarations *d, int comment) {
  const Item *own = d->items.at[comment];
  bool begun = own->kind == ITEM_COMMENT;
  for (int i = comment + 1; i < d->items.count && d->items.at[i]->text == own->text; i++) {
    const Item *item = d->items.at[i];
    if (begun && ends_comment(item, own)) return false;
    if (is_comment(item)) continue;
    if (item->kept) return true;
    begun = true;
  }
  return false;
}

void declarations_mark(Declarations *d, const char *roots) {
  mark_named(d, roots, roots + strlen(roots));
  for (int i = 0; i < d->items.count; i++) {
    Item *item = d->items.at[i];
    if (item->kind != ITEM_DECLARATION || item->named || item->kept) continue;
    item->kept = true;
    mark_named(d, item->begin, item->end);
  }
  for (int i = 0; i < d->items.count; i++)
    if (d->items.at[i]->kind == ITEM_ASSERT) d->items.at[i]->kept = all_kept(d, d->items.at[i]);
  for (int i = d->items.count - 1; i >= 0; i--) {
    Item *item = d->items.at[i];
    if (is_comment(item)) item->kept = comment_stays(d, i);
  }
}

char *declarations_kept(const Declarations *d, int text) {
  TextStream out;
  text_begin(&out);
  bool blank = false, begun = false;
  for (int i = 0; i < d->items.count; i++) {
    const Item *item = d->items.at[i];
    if (item->text != text) continue;
    blank = blank || item->after_blank;
    if (!item->kept) continue;
    if (blank && begun) fputc('\n', out.out);
    fwrite(item->begin, 1, (size_t)(item->end - item->begin), out.out);
    blank = false;
    begun = true;
  }
  return text_done(&out, d->arena);
}
