/* What ends a training early: a signal, or a limit of time. */
#ifndef CNN_STOP_H
#define CNN_STOP_H

#include <signal.h>
#include <stdbool.h>

/* From now on SIGINT, SIGTERM and, unless it is ignored (nohup), SIGHUP are kept for
   cnn_stop_signal. A second one ends the program, which the first SIGINT prints to standard error.
   name: of the program. */
void cnn_stop_catch_signals(const char *name);

/* The signal that arrived, or 0. */
int cnn_stop_signal(void);
const volatile sig_atomic_t *cnn_stop_flag(void); /* the same, for loops that it ends */

/* Whether the clock of cnn_seconds has passed the deadline; 0: there is none. */
bool cnn_stop_is_late(double deadline);

#endif
