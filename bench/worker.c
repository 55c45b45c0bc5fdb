#include "worker.h"

#include "process.h"

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

volatile sig_atomic_t race_interrupted;

/* The longest wait for an answer: torch.compile of a large network takes minutes. */
enum { ANSWER_SECONDS = 1800, QUIT_SECONDS = 10, POLL_MS = 200 };

void workers_environment(void) {
  setenv("KMP_BLOCKTIME", "20", 0); /* LLVM's OpenMP: ms, instead of 200; GCC's has some 10 */
  setenv("OPENBLAS_THREAD_TIMEOUT", "20", 0);
  setenv("PYTHONDONTWRITEBYTECODE", "1", 0);
  /* By default glibc returns large blocks to the system and maps them again in every step, whose
     page faults cost PyTorch's inference a fifth. Generated programs keep theirs, in huge pages. */
  setenv("GLIBC_TUNABLES",
         "glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.hugetlb=1",
         0);
#if defined(__x86_64__)
  /* OpenBLAS of Debian 12 treats unknown processors as Haswell. */
  if (__builtin_cpu_supports("avx512f")) setenv("OPENBLAS_CORETYPE", "SkylakeX", 0);
#endif
}

void workers_threads(int threads) {
  char number[16];
  snprintf(number, sizeof number, "%d", threads);
  setenv("OMP_NUM_THREADS", number, 1);
}

static void close_process(Worker *worker) {
  close(worker->to);
  close(worker->from);
  worker->process = 0;
}

/* Kills a worker that failed. With reason NULL the reason is the last line of its log. */
static bool fail(Worker *worker, const char *reason) {
  kill(worker->process, SIGKILL);
  process_wait(worker->process);
  close_process(worker);
  if (reason)
    snprintf(worker->failure, sizeof worker->failure, "%s", reason);
  else
    process_last_line(worker->log, worker->failure, sizeof worker->failure);
  if (!worker->failure[0]) strcpy(worker->failure, "ended without a message");
  return false;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* The next line from the worker, without its newline; false after ANSWER_SECONDS or if the worker
   ends. */
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
    const int space = WORKER_LINE - 1 - worker->pending_bytes;
    const ssize_t got =
        space ? read(worker->from, worker->pending + worker->pending_bytes, (size_t)space) : 0;
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
  worker->process = process_start(worker->command, in[0], out[1], worker->log);
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
  worker->releases = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ready, "releases"));
  cJSON_Delete(ready);
  return true;
}

/* Sends a line, and reads the answer into it. */
static bool ask(Worker *worker, char *line) {
  const ssize_t length = (ssize_t)strlen(line);
  return write(worker->to, line, (size_t)length) == length && read_line(worker, line);
}

/* The answer is none of the protocol, or an error. */
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

bool worker_release(Worker *worker) {
  if (!worker->releases) return true;
  char line[WORKER_LINE] = "release\n";
  if (!ask(worker, line)) return fail(worker, NULL);
  return strcmp(line, "ok") == 0 || fail_with(worker, line);
}

void worker_stop(Worker *worker) {
  if (!worker->process) return;
  const pid_t process = worker->process;
  if (write(worker->to, "quit\n", 5) != 5) kill(process, SIGTERM);
  close_process(worker); /* end of input: the worker quits even without the line */
  /* Releasing much memory takes time; the next race starts after it. */
  for (int waited = 0; waited < QUIT_SECONDS * 100; waited++) {
    const pid_t ended = waitpid(process, NULL, WNOHANG);
    if (ended == process || (ended < 0 && errno != EINTR)) return;
    poll(NULL, 0, 10);
  }
  kill(process, SIGKILL);
  process_wait(process);
}
