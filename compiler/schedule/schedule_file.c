#include "schedule/schedule_file.h"

#include "driver/text.h"
#include "ir/dump.h"
#include "ir/queries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- the words -------------------------------------------------------------------------------- */

enum { NUMBERS_MOST = 5, NUMBER_MOST = 1000000 };

struct OpWords {
  OpKind op;
  const char *name;                              /* NULL: the op's own */
  bool channels;                                 /* with channels in lanes */
  bool inference;                                /* only there */
  bool taps, winograd;                           /* ALGORITHM_... is one of its algorithms */
  bool parts, pack, tiles_first;                 /* it has these words */
  const char *tile[3], *block[NUMBERS_MOST + 1]; /* what the numbers mean, and NULL behind them */
};

#define ROWS                                                                                       \
  .tile = {"channels", "pixels of a row"}, .block = {"tiles of channels", "pixels of a row"},      \
  .pack = true

#define CHANNEL_ROWS                                                                               \
  .channels = true, .tiles_first = true, .tile = {"vectors of channels", "pixels of a row"},       \
  .block = {"rows", "vectors of channels read"}

static const OpWords OPS[] = {
    {OP_conv2d, ROWS},
    {OP_conv2d_backward_data, ROWS},
    {OP_conv2d_backward_weights, .taps = true, .parts = true,
     .tile = {"output channels", "input channels"},
     .block = {"rows", "output channels", "input channels", "kernel rows", "pixels of a row"}},
    {OP_linear, .tile = {"features", "vectors of images"}},
    {OP_linear_backward_data, .tile = {"features", "vectors of images"},
     .block = {"features", "features summed"}},
    {OP_linear_backward_weights, .tile = {"output features", "vectors of input features"}},
    {OP_conv2d_prepacked, .inference = true, CHANNEL_ROWS, .winograd = true},
    {OP_conv2d, "conv2d_channels", CHANNEL_ROWS, .winograd = true},
    {OP_conv2d_backward_data, "conv2d_backward_data_channels", CHANNEL_ROWS, .winograd = true},
    {OP_conv2d_backward_weights, "conv2d_backward_weights_channels", .channels = true, .taps = true,
     .winograd = true, .parts = true, .tile = {"vectors of output channels", "input channels"},
     .block = {"rows", "images", "tiles of output channels", "vectors of input channels"}},
    {OP_linear, "linear_rows", .channels = true, .inference = true, .tile = {"features", "images"},
     .block = {"features", "features read"}},
};
enum { OP_WORDS = sizeof OPS / sizeof *OPS };

static const char *const WORDS[SCHEDULE_WORDS] = {"algorithm", "tile", "block",
                                                  "parts",     "pack", "tiles_first"};

const OpWords *schedule_words_of(const Graph *graph, const Node *node) {
  for (int i = 0; i < OP_WORDS; i++)
    if (OPS[i].op == node->op && OPS[i].channels == node_is_channel_blocked(graph, node))
      return &OPS[i];
  return NULL;
}

const char *schedule_op(const OpWords *words) {
  return words->name ? words->name : op_name(words->op);
}

const char *schedule_word(ScheduleWord word) {
  return WORDS[word];
}

const char *const *schedule_numbers(const OpWords *words, ScheduleWord word) {
  static const char *const ONE[] = {"number", NULL};
  if (word == WORD_PARTS) return ONE;
  return word == WORD_TILE ? words->tile : words->block;
}

static bool has_word(const OpWords *words, ScheduleWord word) {
  const bool has[SCHEDULE_WORDS] = {
      true,        words->tile[0] != NULL, words->block[0] != NULL, words->parts,
      words->pack, words->tiles_first};
  return has[word];
}

static int count_of(const char *const *numbers) {
  int count = 0;
  while (numbers && numbers[count]) count++;
  return count;
}

/* --- printing --------------------------------------------------------------------------------- */

/* "5x3x1x1x28": the numbers up to the first 0. */
static const char *numbers_text(Arena *arena, const int *numbers, int most) {
  const char *text = "";
  for (int i = 0; i < most && numbers[i]; i++)
    text = arena_printf(arena, "%s%s%d", text, i ? "x" : "", numbers[i]);
  return text;
}

static const char *truth(bool flag) {
  return flag ? "true" : "false";
}

const char *schedule_words(const Graph *graph, const Node *node) {
  Arena *arena = graph->arena;
  const Schedule *s = &node->schedule;
  const OpWords *words = schedule_words_of(graph, node);
  const char *algorithm = algorithm_name(s->algorithm);
  if (!words) return algorithm;
  const char *text =
      arena_printf(arena, "algorithm=%s tile=%s", algorithm, numbers_text(arena, s->tile, 2));
  if (words->block[0])
    text = arena_printf(arena, "%s block=%s", text, numbers_text(arena, s->block, NUMBERS_MOST));
  if (words->parts) text = arena_printf(arena, "%s parts=%d", text, s->parts);
  if (words->pack) text = arena_printf(arena, "%s pack=%s", text, truth(s->pack));
  if (words->tiles_first)
    text = arena_printf(arena, "%s tiles_first=%s", text, truth(s->tiles_first));
  return text;
}

const char *schedule_suffix(Arena *arena, const Schedule *s) {
  /* Names of kernels say of themselves that they go by Winograd's way. */
  const char *text = arena_printf(arena, "%s_tile%s", s->algorithm == ALGORITHM_TAPS ? "_taps" : "",
                                  numbers_text(arena, s->tile, 2));
  if (s->block[0])
    text = arena_printf(arena, "%s_block%s", text, numbers_text(arena, s->block, NUMBERS_MOST));
  if (s->parts > 1) text = arena_printf(arena, "%s_parts%d", text, s->parts);
  return arena_printf(arena, "%s%s%s", text, s->pack ? "_packed" : "",
                      s->tiles_first ? "_tiles_first" : "");
}

static void print_lines(const Graph *graph, bool inference, FILE *out) {
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    const OpWords *words = schedule_words_of(graph, node);
    if (words && words->inference == inference)
      fprintf(out, "%s %s %s\n", node->name, schedule_op(words), schedule_words(graph, node));
  }
}

void schedule_file_print(const Graph *training, const Graph *inference, FILE *out) {
  print_lines(training, false, out);
  print_lines(inference, true, out);
}

/* --- reading ---------------------------------------------------------------------------------- */

typedef struct Reading {
  Arena *arena;
  Diag *diag;
  ScheduleFile *file;
  ScheduleLine *line;
} Reading;

/* Reports a mistake in the line at hand, behind its layer and op where they are known. */
static bool refuse(const Reading *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(const Reading *r, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = arena_vprintf(r->arena, format, args);
  va_end(args);
  const ScheduleLine *line = r->line;
  if (!line->layer) return diag_set(r->diag, EXIT_MODEL, line->pos, "%s", text);
  return diag_set(r->diag, EXIT_MODEL, line->pos, "%s %s: %s", line->layer,
                  schedule_op(line->words), text);
}

static const char *listed(Arena *arena, const char *list, const char *word) {
  return arena_printf(arena, "%s%s%s", list, *list ? ", " : "", word);
}

static const char *ops_text(Arena *arena) {
  const char *text = "";
  for (int i = 0; i < OP_WORDS; i++) text = listed(arena, text, schedule_op(&OPS[i]));
  return text;
}

static const char *words_text(Arena *arena, const OpWords *words) {
  const char *text = "";
  for (int i = 0; i < SCHEDULE_WORDS; i++)
    if (has_word(words, (ScheduleWord)i)) text = listed(arena, text, WORDS[i]);
  return text;
}

static bool is_op(const char *name) {
  for (OpKind op = 0; op < OP_COUNT; op++)
    if (!strcmp(op_name(op), name)) return true;
  return false;
}

static bool read_op(Reading *r, const char *layer, const char *name) {
  int i = 0;
  while (i < OP_WORDS && strcmp(schedule_op(&OPS[i]), name) != 0) i++;
  if (i == OP_WORDS)
    return refuse(r,
                  is_op(name) ? "nothing is decided about %s; a schedule is of %s"
                              : "there is no op '%s'; a schedule is of %s",
                  name, ops_text(r->arena));
  const ScheduleLine *other = schedule_file_find(r->file, &OPS[i], layer);
  r->line->layer = layer;
  r->line->words = &OPS[i];
  return !other || refuse(r, "line %d is about it already", other->pos.line);
}

/* "3x5": exactly as many numbers as have a meaning. */
static bool read_numbers(const Reading *r, ScheduleWord word, const char *value, int *to) {
  const char *const *meanings = schedule_numbers(r->line->words, word);
  const int count = count_of(meanings);
  const char *at = value, *all = "";
  for (int i = 0; i < count && count > 1; i++)
    all = arena_printf(r->arena, "%s%s%s", all, meanings[i], i + 1 < count ? " x " : ", each ");
  for (int i = 0; i < count; i++) {
    char *end;
    long number = *at >= '0' && *at <= '9' ? strtol(at, &end, 10) : 0;
    if (number < 1 || number > NUMBER_MOST || *end != (i + 1 < count ? 'x' : '\0'))
      return refuse(r, "%s=%s: must be %sa whole number from 1 to %d", WORDS[word], value, all,
                    NUMBER_MOST);
    to[i] = (int)number;
    at = end + 1;
  }
  return true;
}

static bool read_algorithm(const Reading *r, const char *value, Algorithm *to) {
  const OpWords *words = r->line->words;
  const struct {
    Algorithm algorithm;
    bool there;
  } all[] = {{ALGORITHM_DIRECT, true},
             {ALGORITHM_TAPS, words->taps},
             {ALGORITHM_WINOGRAD, words->winograd}};
  const char *text = "direct", *last = NULL;
  for (int i = 0; i < 3; i++) {
    if (!all[i].there) continue;
    const char *name = algorithm_name(all[i].algorithm);
    *to = all[i].algorithm;
    if (!strcmp(value, name)) return true;
    if (last) text = listed(r->arena, text, last);
    if (i > 0) last = name;
  }
  return refuse(r, "algorithm=%s: there is %s%s%s", value, text, last ? " and " : " alone",
                last ? last : "");
}

static bool read_truth(const Reading *r, ScheduleWord word, const char *value, bool *to) {
  *to = !strcmp(value, "true");
  return *to || !strcmp(value, "false") ||
         refuse(r, "%s=%s: must be true or false", WORDS[word], value);
}

static bool read_value(const Reading *r, ScheduleWord word, const char *value) {
  Schedule *s = &r->line->schedule;
  switch (word) {
  case WORD_ALGORITHM:
    return read_algorithm(r, value, &s->algorithm);
  case WORD_TILE:
    return read_numbers(r, word, value, s->tile);
  case WORD_BLOCK:
    return read_numbers(r, word, value, s->block);
  case WORD_PARTS:
    return read_numbers(r, word, value, &s->parts);
  case WORD_PACK:
    return read_truth(r, word, value, &s->pack);
  case WORD_TILES_FIRST:
    return read_truth(r, word, value, &s->tiles_first);
  case SCHEDULE_WORDS:
    break;
  }
  return false;
}

static bool read_word(const Reading *r, char *text) {
  char *equals = strchr(text, '=');
  if (equals) *equals = '\0';
  int word = 0;
  while (word < SCHEDULE_WORDS && strcmp(WORDS[word], text) != 0) word++;
  if (!equals || word == SCHEDULE_WORDS || !has_word(r->line->words, (ScheduleWord)word))
    return refuse(r, "'%s%s' decides nothing; write WORD=VALUE with a word of %s", text,
                  equals ? "=" : "", words_text(r->arena, r->line->words));
  if (r->line->says[word]) return refuse(r, "%s stands there twice", text);
  r->line->says[word] = true;
  return read_value(r, (ScheduleWord)word, equals + 1);
}

static bool read_line(Reading *r, char *text) {
  static const char BLANKS[] = " \t\r\v\f";
  char *rest = NULL;
  text[strcspn(text, "#")] = '\0';
  const char *layer = strtok_r(text, BLANKS, &rest);
  if (!layer) return true;
  const char *op = strtok_r(NULL, BLANKS, &rest);
  if (!op)
    return refuse(r,
                  "'%s' alone decides nothing; write LAYER OP WORD=VALUE, such as conv1 conv2d "
                  "tile=4x3",
                  layer);
  if (!read_op(r, layer, op)) return false;
  char *word = strtok_r(NULL, BLANKS, &rest);
  if (!word)
    return refuse(r, "nothing is decided; write WORD=VALUE with a word of %s",
                  words_text(r->arena, r->line->words));
  for (; word; word = strtok_r(NULL, BLANKS, &rest))
    if (!read_word(r, word)) return false;
  LIST_PUSH(r->arena, &r->file->lines, r->line);
  return true;
}

const ScheduleFile *schedule_file_read(Arena *arena, Diag *diag, const char *path) {
  size_t length;
  char *text = text_read(arena, path, &length);
  Reading r = {.arena = arena, .diag = diag, .file = ARENA_NEW(arena, ScheduleFile)};
  if (!text || strlen(text) != length) {
    diag_set(diag, EXIT_MODEL, (SourcePos){0}, "cannot read %s: %s; name a schedule file", path,
             text ? "it is no text" : strerror(errno));
    return NULL;
  }
  for (int number = 1; text; number++) {
    char *line = strsep(&text, "\n");
    r.line = ARENA_NEW(arena, ScheduleLine);
    r.line->pos = (SourcePos){path, number};
    if (!read_line(&r, line)) return NULL;
  }
  return r.file;
}

/* --- asking ----------------------------------------------------------------------------------- */

const ScheduleLine *schedule_file_find(const ScheduleFile *file, const OpWords *words,
                                       const char *layer) {
  for (int i = 0; file && i < file->lines.count; i++) {
    const ScheduleLine *line = file->lines.at[i];
    if (line->words == words && !strcmp(line->layer, layer)) return line;
  }
  return NULL;
}

static bool check_line(const ScheduleLine *line, const Graph *graph) {
  const char *ops = "";
  for (int i = 0; i < graph->nodes.count; i++) {
    const Node *node = graph->nodes.at[i];
    const OpWords *words = schedule_words_of(graph, node);
    if (!words || strcmp(node->name, line->layer) != 0) continue;
    if (words == line->words) return true;
    ops = listed(graph->arena, ops, schedule_op(words));
  }
  const char *where = line->words->inference ? " in inference" : "";
  if (*ops)
    return diag_set(graph->diag, EXIT_MODEL, line->pos, "%s has no %s; it has %s%s", line->layer,
                    schedule_op(line->words), ops, where);
  return diag_set(graph->diag, EXIT_MODEL, line->pos,
                  "there is no layer '%s' with a schedule%s; cnnc MODEL.lua --dump=schedule-file "
                  "lists all",
                  line->layer, where);
}

bool schedule_file_check(const ScheduleFile *file, const Graph *graph) {
  const bool inference = graph->loss == NULL;
  for (int i = 0; i < file->lines.count; i++) {
    const ScheduleLine *line = file->lines.at[i];
    if (line->words->inference == inference && !check_line(line, graph)) return false;
  }
  return true;
}
