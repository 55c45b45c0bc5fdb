#include "emit/lines.h"

#include <stdbool.h>
#include <string.h>

/* Brackets that open behind ALIGN_MOST columns end their line if what is in them is too long. */
enum { DEPTH_MAX = 40, FURTHER = 4, COMMENT_FURTHER = 3, ALIGN_MOST = 40 };

/* Columns in which lines continue, by depth of brackets. */
typedef struct Margins {
  int at[DEPTH_MAX], depth;
} Margins;

/* A place where a line may end: the next one begins with the character `next`. */
typedef struct Break {
  int next, cost;
  Margins margins; /* there */
} Break;

static bool starts(const char *at, const char *word) {
  return !strncmp(at, word, strlen(word));
}

/* Behind the string or the comment that begins at i; i if none does. */
static int skip_text(const char *line, int length, int i) {
  if (line[i] == '"') {
    for (i++; i < length && line[i] != '"'; i++) i += line[i] == '\\';
    return i + 1 < length ? i + 1 : length;
  }
  if (starts(line + i, "/*")) {
    const char *end = strstr(line + i, "*/");
    return end && end + 2 - line < length ? (int)(end + 2 - line) : length;
  }
  return i;
}

/* Where the next line may begin if this one ends at i, and what that costs; 0: nowhere.
   clang-format breaks behind operators, but in front of ? and :. */
static int next_line(const char *line, int i, int depth, int *cost) {
  static const char *const OPERATORS[] = {" + ", " - ", " * ",  " / ",  " % ", " = ",
                                          " < ", " > ", " && ", " || ", " == "};
  *cost = 2 * depth;
  if (starts(line + i, ", ")) return i + 2;
  if (starts(line + i, "; ")) {
    *cost -= 1;
    return i + 2;
  }
  if (depth == 0 && starts(line + i, ": ") && line[i - 1] != ' ') { /* a case and its statements */
    *cost -= 2;
    return i + 2;
  }
  *cost += 1;
  if (starts(line + i, " ? ") || starts(line + i, " : ")) return i + 1;
  for (size_t k = 0; k < sizeof OPERATORS / sizeof *OPERATORS; k++)
    if (starts(line + i, OPERATORS[k])) {
      *cost += OPERATORS[k][1] == '=' && OPERATORS[k][2] == ' ' ? 6 : 0; /* values begin late */
      return i + (int)strlen(OPERATORS[k]);
    }
  return 0;
}

/* The best place to end the line that begins with character `start` in column `indent`: the last
   one that costs least. next: 0 if there is none. */
static Break find_break(const char *line, int length, int start, int indent, Margins margins) {
  Break best = {0};
  for (int i = start; i < length; i++) {
    const int column = indent + i - start;
    const int behind = skip_text(line, length, i);
    if (behind > i) {
      i = behind - 1;
      continue;
    }
    if (column > LINE_COLUMNS - 1) break;
    int cost = 0;
    const int next = next_line(line, i, margins.depth, &cost);
    if (next > 0 && next < length && column > margins.at[margins.depth] &&
        indent + next - start - 1 <= LINE_COLUMNS && (best.next == 0 || cost <= best.cost))
      best = (Break){next, cost, margins};
    if (strchr("([{", line[i]) && margins.depth + 1 < DEPTH_MAX) {
      const int outside = margins.at[margins.depth];
      margins.at[++margins.depth] = column + 1;
      if (margins.depth == 1 && column >= ALIGN_MOST && line[i] != '[' && best.next == 0) {
        margins.at[1] = outside;
        best = (Break){i + 1, 2, margins};
      }
    }
    if (strchr(")]}", line[i]) && margins.depth > 0) margins.depth--;
  }
  return best;
}

static void write_code(FILE *out, const char *line, int length) {
  int spaces = (int)strspn(line, " "), start = spaces, indent = spaces;
  Margins margins = {.at = {spaces + FURTHER}};
  while (indent + length - start > LINE_COLUMNS) {
    const Break best = find_break(line, length, start, indent, margins);
    if (best.next == 0) break;
    int end = best.next;
    while (line[end - 1] == ' ') end--;
    fprintf(out, "%*s%.*s\n", indent, "", end - start, line + start);
    margins = best.margins;
    if (margins.depth == 0 && line[end - 1] == ':') {
      spaces += 2;
      margins.at[0] += 2;
    }
    const bool statement = margins.depth == 0 && strchr(";:", line[end - 1]);
    start = best.next;
    indent = statement ? spaces : margins.at[margins.depth];
  }
  fprintf(out, "%*s%.*s\n", indent, "", length - start, line + start);
}

/* A line of a comment, broken between words. */
static void write_comment(FILE *out, const char *line, int length) {
  int indent = (int)strspn(line, " "), start = indent;
  const int margin = indent + (starts(line + start, "/*") ? COMMENT_FURTHER : 0);
  while (indent + length - start > LINE_COLUMNS) {
    int end = 0;
    for (int i = start + 1; i < length && indent + i - start <= LINE_COLUMNS; i++)
      if (line[i] == ' ' && i > start + 3 && !starts(line + i, " */")) end = i;
    if (end == 0) break;
    fprintf(out, "%*s%.*s\n", indent, "", end - start, line + start);
    start = end + 1;
    indent = margin;
  }
  fprintf(out, "%*s%.*s\n", indent, "", length - start, line + start);
}

/* Where the comment behind the code of a line begins; 0: there is none that ends with the line. */
static int comment_behind(const char *line, int length) {
  if (length < 4 || !starts(line + length - 2, "*/")) return 0;
  int at = length - 2;
  while (at > 0 && !starts(line + at, "/*")) at--;
  return at > (int)strspn(line, " ") ? at : 0;
}

/* A line of code that is too long, with the comment behind it. */
static void write_long(FILE *out, const char *line, int length) {
  const int comment = comment_behind(line, length);
  if (comment == 0) {
    write_code(out, line, length);
    return;
  }
  char above[1000];
  const int spaces = (int)strspn(line, " ");
  const int count =
      snprintf(above, sizeof above, "%*s%.*s", spaces, "", length - comment, line + comment);
  write_comment(out, above, count);
  length = comment;
  while (line[length - 1] == ' ') length--;
  write_code(out, line, length);
}

/* Whether the text is inside of a comment at the end of the line. */
static bool is_in_comment(const char *line, int length, bool before) {
  for (int i = 0; i + 1 < length; i++) {
    if (!before && starts(line + i, "/*"))
      before = true;
    else if (before && starts(line + i, "*/"))
      before = false;
    else
      continue;
    i++;
  }
  return before;
}

void write_lines(FILE *out, const char *text) {
  bool in_comment = false, in_macro = false;
  for (const char *line = text; *line;) {
    const int length = (int)strcspn(line, "\n");
    const char *first = line + strspn(line, " ");
    const bool directive = *line == '#' || in_macro;
    in_macro = length > 0 && line[length - 1] == '\\';
    const bool after = is_in_comment(line, length, in_comment);
    if (length <= LINE_COLUMNS || directive)
      fprintf(out, "%.*s\n", length, line);
    else if (in_comment || (starts(first, "/*") && comment_behind(line, length) == 0))
      write_comment(out, line, length);
    else
      write_long(out, line, length);
    in_comment = after;
    line += length + (line[length] == '\n');
  }
}
