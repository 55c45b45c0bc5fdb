/* The clocks of a sandbox. A pattern of the string library can run for hours inside one
   instruction, where no hook comes. */
#include "sandbox_parts.h"

#include "driver/escape.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  SECONDS_MAX = 20,     /* of the processor, for the model and for the system on its behalf */
  WALL_SECONDS_MAX = 60 /* a model that waits, say for a terminal, comes to an end, too */
};

typedef struct Clock {
  clockid_t id;
  int seconds;
  const char *verb;
  timer_t timer;
  char message[1024];
} Clock;

static Clock clocks[] = {
    {.id = CLOCK_PROCESS_CPUTIME_ID, .seconds = SECONDS_MAX, .verb = "computes"},
    {.id = CLOCK_MONOTONIC, .seconds = WALL_SECONDS_MAX, .verb = "runs"}};
enum { CLOCK_COUNT = sizeof clocks / sizeof *clocks };
static bool clocks_run;

/* The handler can do no more than print a message and end the process; no file is open then. */
static void out_of_time(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  const char *message = info->si_value.sival_ptr;
  struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT}; /* which may be what blocks */
  ssize_t written = poll(&out, 1, 0) == 1 ? write(STDERR_FILENO, message, strlen(message)) : 0;
  _exit(written < 0 ? EXIT_FAILED : EXIT_MODEL);
}

static void start_clock(Clock *clock, const char *model_file) {
  FILE *out = fmemopen(clock->message, sizeof clock->message - 1, "w");
  if (!out) out_of_memory();
  escape_print(out, model_file, strnlen(model_file, sizeof clock->message / 2 / 4));
  fprintf(out,
          ": the model %s for more than %d seconds; is there a loop or a pattern without end?\n",
          clock->verb, clock->seconds);
  fclose(out);
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGVTALRM};
  event.sigev_value.sival_ptr = clock->message;
  if (timer_create(clock->id, &event, &clock->timer) != 0) out_of_memory();
  timer_settime(clock->timer, 0, &(struct itimerspec){.it_value.tv_sec = clock->seconds}, NULL);
}

void sandbox_clocks_start(const char *model_file) {
  sigaction(SIGVTALRM, &(struct sigaction){.sa_sigaction = out_of_time, .sa_flags = SA_SIGINFO},
            NULL);
  for (int i = 0; i < CLOCK_COUNT; i++) start_clock(&clocks[i], model_file);
  clocks_run = true;
}

void sandbox_clocks_stop(void) {
  for (int i = 0; i < CLOCK_COUNT && clocks_run; i++) timer_delete(clocks[i].timer);
  clocks_run = false;
}
