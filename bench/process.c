#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The longest line of a log that is read at once. */
enum { LINE_SIZE = 1024 };

pid_t process_start(const char *const *command, int in, int out, const char *log) {
  posix_spawn_file_actions_t actions;
  pid_t process;
  posix_spawn_file_actions_init(&actions);
  if (in < 0)
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  else
    posix_spawn_file_actions_adddup2(&actions, in, 0);
  posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, out < 0 ? 2 : out, 1);
  const int error =
      posix_spawnp(&process, command[0], &actions, NULL, (char *const *)command, environ);
  posix_spawn_file_actions_destroy(&actions);
  errno = error;
  return error ? 0 : process;
}

int process_wait(pid_t process) {
  int status;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int process_run(const char *const *command, const char *log) {
  const pid_t process = process_start(command, -1, -1, log);
  return process ? process_wait(process) : -1;
}

void process_last_line(const char *path, char *line, int size) {
  char next[LINE_SIZE];
  line[0] = '\0';
  FILE *file = fopen(path, "r");
  while (file && fgets(next, sizeof next, file)) {
    next[strcspn(next, "\n")] = '\0';
    if (next[strspn(next, " \t")]) snprintf(line, (size_t)size, "%s", next);
  }
  if (file) fclose(file);
}
