#include "train/stop.h"

#include "core/process.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t signal_seen;
static char message[256]; /* before any signal, because a handler may not format it */
static size_t message_bytes;

static void on_signal(int signal) {
  const int before = errno;
  signal_seen = signal;
  if (signal == SIGINT && write(STDERR_FILENO, message, message_bytes) < 0) errno = 0;
  errno = before;
}

void cnn_stop_catch_signals(const char *name) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  struct sigaction before;
  /* On a terminal, "^C" stands in front of it. */
  const int length = snprintf(message, sizeof message,
                              "%s%.128s: stopping after this update; again quits without saving\n",
                              isatty(STDERR_FILENO) ? "\n" : "", name);
  message_bytes = (size_t)length;
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
    sigaction(SIGHUP, &action, NULL);
}

int cnn_stop_signal(void) {
  return signal_seen;
}

const volatile sig_atomic_t *cnn_stop_flag(void) {
  return &signal_seen;
}

bool cnn_stop_is_late(double deadline) {
  return deadline > 0 && cnn_seconds() >= deadline;
}
