#include "train/stop.h"

#include "core/process.h"

static volatile sig_atomic_t signal_seen;

static void on_signal(int signal) {
  signal_seen = signal;
}

void cnn_stop_catch_signals(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  struct sigaction before;
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
