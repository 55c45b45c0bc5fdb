#include "commands/arguments.h"

#include "core/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole number that ends at a character of `ends`; *end is set behind it. */
static bool parse_integer(const char *text, const char *ends, int64_t least, int64_t most,
                          int64_t *number, const char **end) {
  char *behind;
  errno = 0;
  *number = strtoll(text, &behind, 10);
  *end = behind;
  return behind != text && !errno && strchr(ends, *behind) && *number >= least && *number <= most;
}

int64_t cnn_argument_integer(const struct argp_state *state, const char *option, const char *text,
                             int64_t least, int64_t most) {
  int64_t number;
  const char *end;
  if (!parse_integer(text, "", least, most, &number, &end))
    argp_error(state, "%s %s: must be a whole number from %lld to %lld", option, text,
               (long long)least, (long long)most);
  return number;
}

double cnn_argument_seconds(const struct argp_state *state, const char *option, const char *text) {
  static const char units[] = "smhd";
  static const double seconds[] = {1, 60, 3600, 86400};
  char *end;
  double value = strtod(text, &end);
  const char *unit = *end ? strchr(units, *end) : NULL;
  if (end == text || !unit || end[1] || !(value > 0 && value <= 1e6)) {
    argp_error(state, "%s %s: must be a time, such as 90s, 30m, 8h or 2d", option, text);
    return 0;
  }
  return value * seconds[unit - units];
}

double cnn_argument_number(const struct argp_state *state, const char *option, const char *text,
                           double least, double most) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end || !(value >= least && value <= most))
    argp_error(state, "%s %s: must be a number from %g to %g", option, text, least, most);
  return value;
}

int cnn_argument_word(const struct argp_state *state, const char *option, const char *text,
                      const char *const *words) {
  char buffer[256] = "";
  cnn_text list = {.data = buffer, .size = sizeof buffer};
  int count = 0;
  for (; words[count]; count++)
    if (strcmp(text, words[count]) == 0) return count;
  for (int i = 0; i < count; i++)
    cnn_text_add(&list, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", words[i]);
  argp_error(state, "%s %s: give %s", option, text, buffer);
  return 0;
}

int cnn_argument_list(const struct argp_state *state, const char *option, const char *text,
                      int least, int most, int *list, int room) {
  const char *at = text;
  for (int count = 0;; at++) {
    int64_t number;
    bool good = parse_integer(at, ",", least, most, &number, &at);
    if (!good || count == room)
      argp_error(state,
                 "%s %s: must be at most %d whole numbers from %d to %d, with commas between",
                 option, text, room, least, most);
    list[count++] = (int)number;
    if (!*at) return count;
  }
}

void cnn_argument_renamed(const struct argp_state *state, const char *old, const char *now) {
  fprintf(stderr, "%s: %s is now %s\n", state->name, old, now);
}

void cnn_check_split(const struct argp_state *state, double share) {
  if (share >= 1)
    argp_error(state, "--split %g: a share below 1, such as 0.1; the rest is trained", share);
}
