/* An error message for the user and the exit code that belongs to it. Functions that can
   fail return false after cnn_fail; cnn_main alone prints the message. */
#ifndef CNN_ERROR_H
#define CNN_ERROR_H

#include <stdbool.h>

typedef enum cnn_exit {
  CNN_EXIT_DONE = 0,
  CNN_EXIT_FAILED = 1,
  CNN_EXIT_USAGE = 2,
  CNN_EXIT_DATA = 4,          /* data sets and checkpoints */
  CNN_EXIT_HUNG_UP = 129,     /* by SIGHUP */
  CNN_EXIT_INTERRUPTED = 130, /* by SIGINT: 128 + the signal, as in shells */
  CNN_EXIT_TERMINATED = 143   /* by SIGTERM */
} cnn_exit;

typedef struct cnn_error {
  cnn_exit code;
  char message[2048]; /* place, mistake, remedy */
} cnn_error;

/* Keeps the first error: later ones are its consequences. Always returns false. */
bool cnn_fail(cnn_error *error, cnn_exit code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
