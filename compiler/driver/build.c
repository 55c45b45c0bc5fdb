#include "driver/build.h"

#include "driver/locate.h"
#include "driver/own.h"
#include "driver/text.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- flags ---------------------------------------------------------------------------------- */

static const char *machine_flags(const Options *options) {
  const Target *target = options->compile.target;
  return options->target_is_native && target != &target_SCALAR ? "-march=native" : target->flags;
}

typedef LIST_OF(char *) WordList;

static void add_word(Arena *arena, WordList *words, const char *word) {
  LIST_PUSH(arena, words, arena_strdup(arena, word));
}

/* Each word of a text without folders, which may hold spaces. */
static void add_words(Arena *arena, WordList *words, const char *text) {
  char *copy = arena_strdup(arena, text), *tail = NULL;
  for (char *word = strtok_r(copy, " ", &tail); word; word = strtok_r(NULL, " ", &tail))
    LIST_PUSH(arena, words, word);
}

static void add_cflags(Arena *arena, WordList *words, const Options *options, bool openmp) {
  add_word(arena, words, "-O3");
  add_words(arena, words, machine_flags(options));
  if (openmp) add_word(arena, words, "-fopenmp");
  add_word(arena, words, arena_printf(arena, "-I%s", locate_paths(arena).include));
}

static void add_libs(Arena *arena, WordList *words) {
  add_word(arena, words, arena_printf(arena, "-L%s", locate_paths(arena).library));
  add_words(arena, words, "-lcnn " CNNC_LIBRARIES " -lm -pthread");
}

static const char *joined(Arena *arena, const WordList *words) {
  const char *text = words->count ? words->at[0] : "";
  for (int i = 1; i < words->count; i++) text = arena_printf(arena, "%s %s", text, words->at[i]);
  return text;
}

const char *build_cflags(Arena *arena, const Options *options) {
  WordList words = {0};
  add_cflags(arena, &words, options, true);
  return joined(arena, &words);
}

const char *build_libs(Arena *arena) {
  WordList words = {0};
  add_libs(arena, &words);
  return joined(arena, &words);
}

/* --- running the compiler ------------------------------------------------------------------- */

static WordList compiler_command(Arena *arena, const char *cc, const char *source,
                                 const char *output, bool openmp, const Options *options) {
  WordList words = {0};
  add_words(arena, &words, cc); /* $CC may be "ccache clang" */
  add_cflags(arena, &words, options, openmp);
  add_word(arena, &words, source);
  add_word(arena, &words, "-o");
  add_word(arena, &words, output);
  add_libs(arena, &words);
  LIST_PUSH(arena, &words, NULL);
  return words;
}

/* Where exec cannot find a program. */
enum { NOT_FOUND = 127, INTERRUPTED = 128 + SIGINT };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

/* Runs the command, silently if its errors are only a question's answer. The compiler gets the
   user's interrupt as well; cnnc waits for it to end and then cleans up. The interrupt is held back
   around fork, so that the child never misses one that came before it had its own handler. */
static int run(char **words, bool silent) {
  struct sigaction note = {.sa_handler = on_interrupt}, interrupt;
  sigset_t held, before;
  sigemptyset(&held);
  sigaddset(&held, SIGINT);
  sigprocmask(SIG_BLOCK, &held, &before);
  sigaction(SIGINT, &note, &interrupt);
  fflush(NULL);
  int status = -1;
  pid_t child = fork();
  if (child == 0) {
    sigaction(SIGINT, &interrupt, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (silent && !freopen("/dev/null", "w", stderr)) _exit(NOT_FOUND);
    execvp(words[0], words);
    _exit(NOT_FOUND);
  }
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (interrupted && child > 0) kill(child, SIGINT); /* it came before there was a child */
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  sigaction(SIGINT, &interrupt, NULL);
  if (interrupted) return INTERRUPTED;
  if (child < 0) return NOT_FOUND;
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status); /* as shells do */
  return WEXITSTATUS(status);
}

static bool is_installed(Arena *arena, const char *compiler) {
  WordList words = {0};
  add_words(arena, &words, compiler);
  const char *path = getenv("PATH");
  if (!words.count) return false;
  if (strchr(words.at[0], '/')) return access(words.at[0], X_OK) == 0;
  char *folders = arena_strdup(arena, path ? path : "/usr/bin:/bin"), *tail = NULL;
  for (char *folder = strtok_r(folders, ":", &tail); folder; folder = strtok_r(NULL, ":", &tail))
    if (access(arena_printf(arena, "%s/%s", folder, words.at[0]), X_OK) == 0) return true;
  return false;
}

static const char *choose_compiler(Arena *arena, Diag *diag, const Options *options) {
  const char *asked = options->cc ? options->cc : getenv("CC");
  if (asked && *asked) {
    if (is_installed(arena, asked)) return asked;
    diag_set(diag, EXIT_FAILED, (SourcePos){0}, "the C compiler '%s' is not installed", asked);
    return NULL;
  }
  static const char *const USUAL[] = {"clang", "gcc", "cc"};
  for (size_t i = 0; i < sizeof USUAL / sizeof *USUAL; i++)
    if (is_installed(arena, USUAL[i])) return USUAL[i];
  diag_set(diag, EXIT_FAILED, (SourcePos){0},
           "there is no C compiler; install clang or gcc, or name one with --cc");
  return NULL;
}

/* The exit code of the compiler for the smallest program with OpenMP: 0 if it can. */
static int try_openmp(Arena *arena, const char *cc, const char *output) {
  static const char TEXT[] =
      "#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n";
  const char *source = arena_printf(arena, "%s.openmp.c", output);
  FILE *file = fopen(source, "w");
  bool written = file && fputs(TEXT, file) != EOF;
  if (file) written = fclose(file) == 0 && written;
  WordList words = {0};
  add_words(arena, &words, cc);
  add_word(arena, &words, "-fopenmp");
  add_word(arena, &words, source);
  add_word(arena, &words, "-o");
  add_word(arena, &words, output);
  LIST_PUSH(arena, &words, NULL);
  int status = written ? run(words.at, true) : NOT_FOUND;
  unlink(source);
  return status;
}

static bool report_failure(Diag *diag, const char *cc, const char *source, int status) {
  if (status == INTERRUPTED) return diag_set(diag, EXIT_INTERRUPTED, (SourcePos){0}, "interrupted");
  return diag_set(diag, EXIT_FAILED, (SourcePos){0},
                  "%s failed on %s with exit code %d; its messages are above", cc, source, status);
}

/* Files of others are worth more than a name that is typed in haste. */
static bool check_own(Diag *diag, const char *output, const char *source) {
  if (!own_program(output))
    return diag_set(
        diag, EXIT_USAGE, (SourcePos){0},
        "-o %s: that file is no program that cnnc made; move it away, or choose another "
        "name for the program",
        output);
  return own_c(source) ||
         diag_set(diag, EXIT_USAGE, (SourcePos){0},
                  "-o %s: build writes its C to %s, which cnnc did not make; move it away, or "
                  "choose another name for the program",
                  output, source);
}

bool build_check_output(Diag *diag, const char *output, const char *source) {
  static const char *const sources[] = {".c", ".h", ".lua"};
  struct stat there;
  const char *ending = strrchr(output, '.');
  if (output[strlen(output) - 1] == '/')
    return diag_set(diag, EXIT_USAGE, (SourcePos){0},
                    "-o %s: that is a folder; choose a name for the program", output);
  if (text_is_stdout(output))
    return diag_set(diag, EXIT_USAGE, (SourcePos){0},
                    "-o %s: that is standard output; choose a name for the program", output);
  for (size_t i = 0; ending && i < sizeof sources / sizeof *sources; i++)
    if (!strcmp(ending, sources[i]))
      return diag_set(
          diag, EXIT_USAGE, (SourcePos){0},
          "-o %s: build makes a program and puts its C beside it; choose a name without "
          "%s, or make the C alone with `cnnc MODEL.lua -o FILE.c`",
          output, ending);
  if (stat(output, &there) != 0 || S_ISREG(there.st_mode)) return check_own(diag, output, source);
  return diag_set(diag, EXIT_USAGE, (SourcePos){0},
                  "-o %s: that is %s; choose another name for the program", output,
                  S_ISDIR(there.st_mode) ? "a folder" : "no regular file");
}

bool build_program(Arena *arena, Diag *diag, const char *source, const char *output,
                   const Options *options) {
  const char *cc = choose_compiler(arena, diag, options);
  if (!cc) return false;
  output = text_target(arena, output);
  char *temporary = arena_printf(arena, "%s.XXXXXX", output);
  int descriptor = mkstemp(temporary);
  if (descriptor < 0)
    return diag_set(diag, EXIT_FAILED, (SourcePos){0}, "cannot write %s: %s", output,
                    strerror(errno));
  close(descriptor);
  int openmp = try_openmp(arena, cc, temporary);
  if (openmp != 0 && openmp != INTERRUPTED)
    fprintf(stderr,
            "cnnc: OpenMP does not work with %s, so %s will run on one thread; Debian's package "
            "for clang is libomp-dev\n",
            cc, output);
  WordList words = compiler_command(arena, cc, source, temporary, openmp == 0, options);
  int status = openmp == INTERRUPTED ? INTERRUPTED : run(words.at, false);
  if (status == 0 && rename(temporary, output) == 0) return true;
  int error = errno;
  unlink(temporary);
  if (status) return report_failure(diag, cc, source, status);
  return diag_set(diag, EXIT_FAILED, (SourcePos){0}, "cannot write %s: %s", output,
                  strerror(error));
}
