/* Arguments of options, for every argp parser of the runtime, cnn-generic and cnnc-bench. A bad
   argument is a usage error: a message that names the option and what would be right, and exit code
   argp_err_exit_status. */
#ifndef CNN_ARGUMENTS_H
#define CNN_ARGUMENTS_H

#include <argp.h>
#include <stdint.h>

/* A whole number from `least` to `most`. option: its name, "--threads". */
int64_t cnn_argument_integer(const struct argp_state *state, const char *option, const char *text,
                             int64_t least, int64_t most);

/* A time as a number with a unit, "90s", "30m", "8h" or "2d": seconds, more than 0. */
double cnn_argument_seconds(const struct argp_state *state, const char *option, const char *text);

/* A number from `least` to `most`. */
double cnn_argument_number(const struct argp_state *state, const char *option, const char *text,
                           double least, double most);

/* One of at most 8 words, which NULL ends; returns its index. */
int cnn_argument_word(const struct argp_state *state, const char *option, const char *text,
                      const char *const *words);

/* Whole numbers with commas between, at most `room`, each from `least` to `most`. Returns how many
   there are. */
int cnn_argument_list(const struct argp_state *state, const char *option, const char *text,
                      int least, int most, int *list, int room);

/* Prints to stderr that an option has another name; the old one works for one release. */
void cnn_argument_renamed(const struct argp_state *state, const char *old, const char *now);

/* The share of --split: 0 for none, else below 1. */
void cnn_check_split(const struct argp_state *state, double share);

#endif
