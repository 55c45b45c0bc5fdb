#include "workers.h"

#include <cjson/cJSON.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
volatile sig_atomic_t race_interrupted;

/* The longest wait for an answer: torch.compile of a large network takes minutes. */
enum { ANSWER_SECONDS = 1800, QUIT_SECONDS = 10, POLL_MS = 200 };

void workers_environment(void) {
  setenv("KMP_BLOCKTIME", "20", 0); /* LLVM's OpenMP: ms, instead of 200; GCC's has some 10 */
  setenv("OPENBLAS_THREAD_TIMEOUT", "20", 0);
  setenv("PYTHONDONTWRITEBYTECODE", "1", 0);
  /* glibc gives large blocks back to the system and takes them again in every step; its faults cost
     PyTorch's inference a fifth. Generated programs keep theirs, in huge pages. */
  setenv("GLIBC_TUNABLES",
         "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.hugetlb=1",
         0);
#if defined(__x86_64__)
  /* OpenBLAS of Debian 12 takes a processor it does not know for a Haswell. */
  if (__builtin_cpu_supports("avx512f")) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
#endif
}

void workers_threads(int threads) {
  char number[16];
  snprintf(number, sizeof number, "%d", threads);
  setenv("OMP_NUM_THREADS", number, 1);
}

/* --- processes -------------------------------------------------------------------------------- */

/* Starts a command; in and out are descriptors for its standard input and output, or -1. */
static pid_t start(const char *const *command, int in, int out, const char *log) {
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

static int wait_for(pid_t process) {
  int status;
  while (waitpid(process, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int command_run(const char *const *command, const char *log) {
  const pid_t process = start(command, -1, -1, log);
  return process ? wait_for(process) : -1;
}

void last_line(const char *path, char *line, int size) {
  char next[WORKER_LINE];
  line[0] = '\0';
  FILE *file = fopen(path, "r");
  while (file && fgets(next, sizeof next, file)) {
    next[strcspn(next, "\n")] = '\0';
    if (next[strspn(next, " \t")]) snprintf(line, (size_t)size, "%s", next);
  }
  if (file) fclose(file);
}

static void close_process(Worker *worker) {
  close(worker->to);
  close(worker->from);
  worker->process = 0;
}

/* Ends a worker that did not do as it should. With reason NULL its last words are the reason. */
static bool fail(Worker *worker, const char *reason) {
  kill(worker->process, SIGKILL);
  wait_for(worker->process);
  close_process(worker);
  if (reason)
    snprintf(worker->failure, sizeof worker->failure, "%s", reason);
  else
    last_line(worker->log, worker->failure, sizeof worker->failure);
  if (!worker->failure[0]) strcpy(worker->failure, "ended without a word");
  return false;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* The next line from the worker, without its end; false if it stays away or the worker ends. */
static bool read_line(Worker *worker, char *line) {
  for (int waited = 0; waited < ANSWER_SECONDS * 1000 && !race_interrupted;) {
    char *end = memchr(worker->pending, '\n', (size_t)worker->pending_bytes);
    if (end) {
      const int length = (int)(end - worker->pending);
      memcpy(line, worker->pending, (size_t)length);
      line[length] = '\0';
      worker->pending_bytes -= length + 1;
      memmove(worker->pending, end + 1, (size_t)worker->pending_bytes);
      return true;
    }
    struct pollfd input = {.fd = worker->from, .events = POLLIN};
    const int ready = poll(&input, 1, POLL_MS);
    if (ready == 0) waited += POLL_MS;
    if (ready <= 0) continue;
    const int room = WORKER_LINE - 1 - worker->pending_bytes;
    const ssize_t got =
        room ? read(worker->from, worker->pending + worker->pending_bytes, (size_t)room) : 0;
    if (got <= 0) return false;
    worker->pending_bytes += (int)got;
  }
  return false;
}

static void copy_text(const cJSON *ready, const char *key, char *to, size_t size) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(ready, key);
  if (cJSON_IsString(item)) snprintf(to, size, "%s", item->valuestring);
}

bool worker_start(Worker *worker) {
  int in[2], out[2];
  char line[WORKER_LINE];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
    snprintf(worker->failure, sizeof worker->failure, "no pipe: %s", strerror(errno));
    return false;
  }
  worker->process = start(worker->command, in[0], out[1], worker->log);
  const int error = errno;
  worker->to = in[1];
  worker->from = out[0];
  worker->pending_bytes = 0;
  close(in[0]);
  close(out[1]);
  if (!worker->process) {
    close_process(worker);
    snprintf(worker->failure, sizeof worker->failure, "%s: %s", worker->command[0],
             strerror(error));
    return false;
  }
  if (!read_line(worker, line) || strncmp(line, "ready ", 6) != 0) return fail(worker, NULL);
  cJSON *ready = cJSON_Parse(line + 6);
  copy_text(ready, "mode", worker->mode, sizeof worker->mode);
  copy_text(ready, "version", worker->version, sizeof worker->version);
  worker->rests = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ready, "rests"));
  cJSON_Delete(ready);
  return true;
}

/* Sends a line, and reads the answer into it. */
static bool ask(Worker *worker, char *line) {
  const ssize_t length = (ssize_t)strlen(line);
  return write(worker->to, line, (size_t)length) == length && read_line(worker, line);
}

/* The answer is not what it should be. */
static bool fail_with(Worker *worker, const char *answer) {
  return fail(worker, strncmp(answer, "error ", 6) == 0 ? answer + 6 : answer);
}

bool worker_run(Worker *worker, const char *work, int count, int steps, double *seconds_per_step) {
  char line[WORKER_LINE];
  snprintf(line, sizeof line, "run %s %d %d\n", work, count, steps);
  if (!ask(worker, line)) return fail(worker, NULL);
  if (sscanf(line, "ok %lf %ld", seconds_per_step, &worker->peak_kb) == 2 && *seconds_per_step > 0)
    return true;
  return fail_with(worker, line);
}

bool worker_rest(Worker *worker) {
  if (!worker->rests) return true;
  char line[WORKER_LINE] = "rest\n";
  if (!ask(worker, line)) return fail(worker, NULL);
  return strcmp(line, "ok") == 0 || fail_with(worker, line);
}

void worker_stop(Worker *worker) {
  if (!worker->process) return;
  const pid_t process = worker->process;
  if (write(worker->to, "quit\n", 5) != 5) kill(process, SIGTERM);
  close_process(worker); /* end of input: it quits even if it missed the word */
  /* It may have much memory to give back; the next race waits until it is gone. */
  for (int waited = 0; waited < QUIT_SECONDS * 100; waited++) {
    const pid_t ended = waitpid(process, NULL, WNOHANG);
    if (ended == process || (ended < 0 && errno != EINTR)) return;
    poll(NULL, 0, 10);
  }
  kill(process, SIGKILL);
  wait_for(process);
}
