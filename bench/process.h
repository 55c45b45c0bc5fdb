/* Child processes. */
#ifndef CNNC_PROCESS_H
#define CNNC_PROCESS_H

#include <sys/types.h>

/* Starts a command, whose first word is looked up in PATH and whose last is NULL. `in` and `out`
   are the descriptors of its standard input and output; with -1, input is empty and output goes to
   the file `log`, as standard error does. Returns 0 with errno if it cannot be started. */
pid_t process_start(const char *const *command, int in, int out, const char *log);

/* Waits for the end of the process. Returns its exit code, or -1 after a signal. */
int process_wait(pid_t process);

/* Runs a command to its end, its output in the file `log`. Returns its exit code, or -1. */
int process_run(const char *const *command, const char *log);

/* The last line of a file that is not blank; "" if there is none. */
void process_last_line(const char *path, char *line, int size);

#endif
