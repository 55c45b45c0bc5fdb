#include "harness.h"

#include "emit/paste.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SKIPPED = 77, GUARD = 4096, CANARY = 0x5a, IMAGES_MAX = 64, ALIGNMENT = 64 };

static const Target TARGETS[] = {
    {"scalar", "vec_scalar.h", "float", "", 1, 4},
    {"double", "vec_double.h", "double", "", 1, 8},
    {"avx2", "vec_avx2.h", "float", "-mavx2 -mfma", 8, 4},
    {"avx512", "vec_avx512.h", "float", "-mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma", 16, 4},
};

typedef void RunKernel(int threads, int count, const cnn_state *state, const cnn_batch *batch,
                       void *const *a);

/* --- cases --------------------------------------------------------------------------------- */

Case *suite_add(Suite *suite, const char *template_name, const char *arguments,
                void (*twin)(const Case *c, Context *x)) {
  Case *c = ARENA_NEW(suite->arena, Case);
  c->kernel.template_name = template_name;
  c->arguments = arguments;
  c->twin = twin;
  LIST_PUSH(suite->arena, &suite->cases, c);
  return c;
}

static void add_param(Rendering *r, TemplateParam param) {
  if (r->param_count == PARAMS_MAX) abort();
  r->params[r->param_count++] = param;
}

void case_int(Case *c, const char *name, int value) {
  add_param(&c->kernel, param_int(name, value));
}
void case_bool(Case *c, const char *name, bool value) {
  add_param(&c->kernel, param_bool(name, value));
}
void case_string(Case *c, const char *name, const char *value) {
  add_param(&c->kernel, param_string(name, value));
}

void case_body_string(Case *c, const char *name, const char *value) {
  add_param(&c->body, param_string(name, value));
}

void case_body_int(Case *c, const char *name, int value) {
  add_param(&c->body, param_int(name, value));
}

Tensor *case_tensor(Case *c, const char *name, cnn_layout layout, Fill fill, int d0, int d1,
                    int d2) {
  if (c->tensor_count == TENSORS_MAX) abort();
  Tensor *tensor = &c->tensors[c->tensor_count++];
  *tensor = (Tensor){.name = name, .layout = layout, .dim = {d0, d1, d2}, .fill = fill};
  tensor->output = fill == FILL_GARBAGE;
  return tensor;
}

static const TemplateParam *find_param(const Case *c, const char *name) {
  for (int i = 0; i < c->kernel.param_count; i++) {
    if (!strcmp(c->kernel.params[i].name, name)) return &c->kernel.params[i];
  }
  fprintf(stderr, "%s: the case sets no parameter '%s'\n", c->kernel.template_name, name);
  abort();
}

int case_get(const Case *c, const char *name) {
  const TemplateParam *param = find_param(c, name);
  return param->type == PARAM_BOOL ? param->boolean : (int)param->integer;
}

const char *case_text(const Case *c, const char *name) {
  return find_param(c, name)->string;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* `bytes` at a multiple of 64 that end at an unmapped page; what is left between is canary. */
typedef struct Guarded {
  unsigned char *map, *at;
  size_t map_bytes, bytes;
} Guarded;

static Guarded guarded_new(size_t bytes) {
  size_t room = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  size_t pages = (room + GUARD - 1) / GUARD * GUARD + GUARD;
  Guarded g = {.map_bytes = pages + GUARD, .bytes = bytes};
  g.map = mmap(NULL, g.map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (g.map == MAP_FAILED || mprotect(g.map + pages, GUARD, PROT_NONE) != 0) {
    perror("mmap");
    exit(1);
  }
  memset(g.map, CANARY, pages);
  g.at = g.map + pages - room;
  return g;
}

static bool guarded_intact(const Guarded *g) {
  for (const unsigned char *p = g->map; p < g->map + g->map_bytes - GUARD; p++) {
    if ((p < g->at || p >= g->at + g->bytes) && *p != CANARY) return false;
  }
  return true;
}

static void guarded_release(Guarded *g) {
  munmap(g->map, g->map_bytes);
}

/* --- tensors ---------------------------------------------------------------------------------- */

static size_t image_size(const Tensor *t) { /* reals of an image; of all for CNN_PLAIN */
  size_t size = 1;
  for (int i = 0; i < 4; i++) size *= t->dim[i] ? (size_t)t->dim[i] : 1;
  return size;
}

static int round_up(int n, int lanes) {
  return (n + lanes - 1) / lanes * lanes;
}

static size_t plain_reals(const Tensor *t, int count) {
  return image_size(t) * (size_t)(t->layout == CNN_PLAIN && !t->per_image ? 1 : count);
}

static size_t memory_reals(const Case *c, const Tensor *t, const Target *target, int count) {
  int together = target->lanes * (c->group_multiple ? c->group_multiple : 1);
  size_t size = image_size(t), images = (size_t)round_up(count, together);
  if (t->layout == CNN_PLAIN) return plain_reals(t, count);
  if (t->layout == CNN_BATCH_BLOCKED) return size * images;
  if (t->layout == CNN_CHANNEL_BLOCKED)
    return size / (size_t)t->dim[0] * (size_t)(round_up(t->dim[0], target->lanes) * count);
  return (size_t)round_up((int)size, target->lanes) * images;
}

/* The plain index of feature f of an image in memory: a row of all channels behind each other. */
static size_t plain_feature(const Tensor *t, size_t f) {
  if (!t->dim[1] || !t->dim[2]) return f;
  size_t channels = (size_t)t->dim[0], height = (size_t)t->dim[1], width = (size_t)t->dim[2];
  size_t h = f / (channels * width), c = f / width % channels, w = f % width;
  return (c * height + h) * width + w;
}

/* The image (-1: of none) and the plain index of an offset; false: padding of a row. */
static bool place(const Tensor *t, const Target *target, size_t at, int *image, size_t *plain) {
  size_t size = image_size(t), lanes = (size_t)target->lanes;
  *image = -1;
  *plain = at;
  if (t->layout == CNN_PLAIN) return true;
  if (t->layout == CNN_CHANNEL_BLOCKED) {
    const size_t height = (size_t)t->dim[1], width = (size_t)t->dim[2];
    const size_t blocks = (size_t)round_up(t->dim[0], target->lanes) / lanes;
    const size_t row = at / (blocks * width * lanes); /* of all images */
    const size_t c = at / (width * lanes) % blocks * lanes + at % lanes;
    *image = (int)(row / height);
    if (c >= (size_t)t->dim[0]) return false;
    *plain = ((row / height * (size_t)t->dim[0] + c) * height + row % height) * width +
             at / lanes % width;
    return true;
  }
  size_t feature, n;
  if (t->layout == CNN_BATCH_BLOCKED) {
    n = at / (size * lanes) * lanes + at % lanes;
    feature = at / lanes % size;
  } else {
    size_t row = (size_t)round_up((int)size, target->lanes);
    n = at / row;
    feature = at % row;
  }
  *image = (int)n;
  if (feature >= size) return false;
  *plain = n * size + (t->layout == CNN_BATCH_BLOCKED ? plain_feature(t, feature) : feature);
  return true;
}

static bool in_float(const Tensor *t, const Target *target) {
  return t->floats || target->real_bytes == 4;
}

static size_t bytes_of(const Tensor *t, const Target *target, size_t reals) {
  return reals * (in_float(t, target) ? sizeof(float) : sizeof(double));
}

static double read_real(const Tensor *t, const Target *target, const void *memory, size_t at) {
  return in_float(t, target) ? (double)((const float *)memory)[at] : ((const double *)memory)[at];
}

static void write_real(const Tensor *t, const Target *target, void *memory, size_t at,
                       double value) {
  if (in_float(t, target)) {
    ((float *)memory)[at] = (float)value;
  } else {
    ((double *)memory)[at] = value;
  }
}

static uint32_t next_random(void) {
  static uint64_t seed = 1;
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33);
}

static double draw(Fill fill, const Target *target) {
  double value = 0, unit = next_random() / 2147483648.0;
  switch (fill) {
  case FILL_GARBAGE:
  case FILL_WORKSPACE:
  case FILL_PREPARED:
    return NAN;
  case FILL_INTEGERS:
    return (double)(next_random() % 9) - 4;
  case FILL_RELU:
    return fmax(0, (double)(next_random() % 9) - 4);
  case FILL_REALS:
    value = exp2(unit * 26 - 20) * (next_random() % 2 ? 1 : -1);
    break;
  case FILL_LOGITS:
    value = unit * 16 - 8;
    break;
  }
  return target->real_bytes == 4 ? (double)(float)value : value;
}

/* Plain values into a kernel's memory; lanes without an image get 0 or anything finite. */
static void to_memory(const Case *c, const Tensor *t, const Target *target, int count,
                      const double *plain, void *memory) {
  size_t reals = memory_reals(c, t, target, count);
  for (size_t at = 0; at < reals; at++) {
    int image;
    size_t from;
    bool real_feature = place(t, target, at, &image, &from);
    double value = 0;
    if (t->fill == FILL_GARBAGE) {
      value = NAN;
    } else if (real_feature && image < count) {
      value = plain[from];
    } else if (real_feature && !t->gradient) {
      value = draw(FILL_INTEGERS, target);
    }
    write_real(t, target, memory, at, value);
  }
}

static bool close_enough(const Case *c, double got, double want) {
  if (got == want) return true;
  return fabs(got - want) <= c->tolerance * fmax(fabs(want), fmax(c->floor, 1e-30));
}

/* --- running -------------------------------------------------------------------------------- */

static void describe(const Case *c, int index) {
  printf("  case %d: %s {", index, c->kernel.template_name);
  for (int i = 0; i < c->kernel.param_count; i++) {
    const TemplateParam *p = &c->kernel.params[i];
    printf("%s%s=", i ? " " : "", p->name);
    if (p->type == PARAM_STRING) {
      printf("%s", p->string);
    } else {
      printf("%d", case_get(c, p->name));
    }
  }
  printf("}\n");
}

static bool same_as_twin(const Case *c, const Target *target, const Context *x, int tensor,
                         const void *memory) {
  const Tensor *t = &c->tensors[tensor];
  for (size_t at = 0; at < memory_reals(c, t, target, x->count); at++) {
    int image;
    size_t plain;
    double want = 0, got = read_real(t, target, memory, at);
    bool real_feature = place(t, target, at, &image, &plain);
    if (image >= x->count && !t->gradient) continue;
    if (image >= round_up(x->count, target->lanes)) continue; /* a vector without any image */
    if (real_feature && image < x->count) want = x->v[tensor][plain];
    if (!close_enough(c, got, want)) {
      printf("  %s, image %d, place %zu: %.9g, expected %.9g\n", t->name, image, plain, got, want);
      return false;
    }
  }
  return true;
}

/* The memory of a case and a batch. */
typedef struct Run {
  const Case *c;
  const Target *target;
  Context x;
  const uint8_t *images[IMAGES_MAX];
  int32_t labels[IMAGES_MAX];
  float scale[16], shift[16];
  Guarded pixels, predicted;
  Guarded tensors[TENSORS_MAX]; /* what the kernel reads and writes */
  Guarded inputs[TENSORS_MAX];  /* what they are before */
  Guarded first_run[TENSORS_MAX];
} Run;

/* Random images, labels and normalisation. */
static void draw_batch(Run *r, int count) {
  const Case *c = r->c;
  r->pixels = guarded_new((size_t)c->image_bytes * (size_t)count);
  for (size_t i = 0; i < r->pixels.bytes; i++) r->pixels.at[i] = (uint8_t)next_random();
  for (int n = 0; n < count; n++) {
    r->images[n] = r->pixels.at + n * c->image_bytes;
    r->labels[n] = c->classes ? (int32_t)(next_random() % (uint32_t)c->classes) : 0;
  }
  for (int i = 0; i < 16; i++) {
    r->scale[i] = (float)(i % 3) - 0.5f;
    r->shift[i] = (float)(i % 5) - 2;
  }
  r->x.batch = (cnn_batch){count, r->images, r->labels, r->scale, r->shift};
}

/* Draws the tensors; x has the values of the inputs. */
static void draw_tensors(Run *r) {
  const Case *c = r->c;
  const int count = r->x.count;
  for (int i = 0; i < c->tensor_count; i++) {
    const Tensor *t = &c->tensors[i];
    size_t reals = plain_reals(t, count),
           bytes = bytes_of(t, r->target, memory_reals(c, t, r->target, count));
    r->x.v[i] = calloc(reals, sizeof(double));
    for (size_t k = 0; k < reals; k++) r->x.v[i][k] = draw(t->fill, r->target);
    r->tensors[i] = guarded_new(bytes);
    r->first_run[i] = guarded_new(bytes);
    if (!strcmp(t->name, "loss")) r->x.state.loss = r->tensors[i].at;
  }
  if (c->prepare) c->prepare(c, &r->x);
  for (int i = 0; i < c->tensor_count; i++) {
    r->inputs[i] = guarded_new(r->tensors[i].bytes);
    to_memory(c, &c->tensors[i], r->target, count, r->x.v[i], r->inputs[i].at);
  }
}

/* Draws everything; the twin makes the expected outputs of x. */
static void run_begin(Run *r, const Case *c, const Target *target, int count) {
  *r = (Run){.c = c, .target = target, .x = {.count = count}};
  draw_batch(r, count);
  r->x.state = (cnn_state){.threads = 1,
                           .seed = 42,
                           .step = 2,
                           .lr = 0.5,
                           .momentum = 0.5,
                           .weight_decay = 2,
                           .beta1 = 0.9,
                           .beta2 = 0.999,
                           .eps = 1e-8};
  r->predicted = guarded_new(sizeof(int32_t) * (size_t)count);
  r->x.predicted = calloc((size_t)count, sizeof *r->x.predicted);
  r->x.state.predicted = (int32_t *)r->predicted.at;
  draw_tensors(r);
  c->twin(c, &r->x);
}

static void run_end(Run *r) {
  for (int i = 0; i < r->c->tensor_count; i++) {
    free(r->x.v[i]);
    guarded_release(&r->tensors[i]);
    guarded_release(&r->inputs[i]);
    guarded_release(&r->first_run[i]);
  }
  free(r->x.predicted);
  guarded_release(&r->pixels);
  guarded_release(&r->predicted);
}

/* After a kernel with `threads` threads: an output is the twin's, with other numbers of threads the
   same bits; an input is as it was. */
static bool tensor_is_right(Run *r, int tensor, bool first, int threads) {
  const Tensor *t = &r->c->tensors[tensor];
  const Guarded *now = &r->tensors[tensor];
  if (!guarded_intact(now)) {
    printf("  %s: written beyond its bounds\n", t->name);
    return false;
  }
  if (first) {
    memcpy(r->first_run[tensor].at, now->at, now->bytes);
    if (t->output && !same_as_twin(r->c, r->target, &r->x, tensor, now->at)) return false;
  } else if (memcmp(r->first_run[tensor].at, now->at, now->bytes) != 0) {
    printf("  %s: other bits with %d threads\n", t->name, threads);
    return false;
  }
  if (!t->output && t->fill != FILL_WORKSPACE &&
      memcmp(r->inputs[tensor].at, now->at, now->bytes) != 0) {
    printf("  %s: an input was changed\n", t->name);
    return false;
  }
  return true;
}

static bool predictions_are_right(const Run *r) {
  for (int n = 0; r->c->predicts && n < r->x.count; n++) {
    if (r->x.state.predicted[n] == r->x.predicted[n]) continue;
    printf("  image %d: predicted %d, expected %d\n", n, r->x.state.predicted[n],
           r->x.predicted[n]);
    return false;
  }
  if (guarded_intact(&r->predicted)) return true;
  printf("  predicted: written beyond its bounds\n");
  return false;
}

/* One case, one batch: true if all numbers of threads give what the twin gives. */
static bool run_batch(const Case *c, const Target *target, RunKernel *run, int count) {
  static const int THREADS[] = {1, 2, 3, 8};
  Run r;
  void *a[TENSORS_MAX];
  bool good = true;
  run_begin(&r, c, target, count);
  for (int i = 0; i < c->tensor_count; i++) a[i] = r.tensors[i].at;
  for (size_t k = 0; good && k < sizeof THREADS / sizeof *THREADS; k++) {
    for (int i = 0; i < c->tensor_count; i++)
      memcpy(r.tensors[i].at, r.inputs[i].at, r.tensors[i].bytes);
    memset(r.predicted.at, 0xff, r.predicted.bytes);
    run(THREADS[k], count, &r.x.state, &r.x.batch, a);
    for (int i = 0; good && i < c->tensor_count; i++)
      good = tensor_is_right(&r, i, k == 0, THREADS[k]);
    good = good && predictions_are_right(&r);
  }
  if (!good) printf("  with %d images\n", count);
  run_end(&r);
  return good;
}

/* --- compiling ------------------------------------------------------------------------------- */

static bool runs_here(const Target *target) {
  if (!strcmp(target->name, "avx2")) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
  if (!strcmp(target->name, "avx512")) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("fma");
  }
  return true;
}

static const char *render(TemplateEngine *engine, const Rendering *r, const char *name,
                          const char *body) {
  TemplateParam params[PARAMS_MAX + 3];
  memcpy(params, r->params, sizeof r->params);
  int count = r->param_count;
  params[count++] = param_string("name", name);
  params[count++] = param_string("body", body);
  params[count++] = param_string("users", "a test");
  return template_render(engine, r->template_name, params, count);
}

/* The first case with the same body: one function serves all of them. */
static int body_owner(const Suite *suite, int i) {
  const Rendering *mine = &suite->cases.at[i]->body;
  for (int k = 0; k < i; k++) {
    const Rendering *other = &suite->cases.at[k]->body;
    bool same = mine->template_name && other->template_name == mine->template_name;
    for (int n = 0; same && n < mine->param_count; n++)
      same = mine->params[n].type == PARAM_STRING
                 ? !strcmp(mine->params[n].string, other->params[n].string)
                 : mine->params[n].integer == other->params[n].integer;
    if (same) return k;
  }
  return i;
}

static void write_source(const Suite *suite, const char *path) {
  FILE *file = fopen(path, "w");
  if (!file) {
    perror(path);
    exit(1);
  }
  TemplateEngine *engine = template_engine_new(suite->arena);
  Paster paster = {suite->arena, engine, suite->target->wrappers, {0}};
  fprintf(file, "#include <cnn.h>\n#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n"
                "#include <string.h>\n");
  paste_header(&paster, file, "vec.h");
  paste_header(&paster, file, "prelude.h");
  for (int i = 0; i < suite->cases.count; i++) {
    Case *c = suite->cases.at[i];
    const int owner = body_owner(suite, i);
    const char *body = arena_printf(suite->arena, "body_%d", owner);
    if (c->body.template_name && owner == i)
      paste_text(&paster, file, render(engine, &c->body, body, body));
    const char *name = arena_printf(suite->arena, "kernel_%d", i);
    fputc('\n', file);
    paste_text(&paster, file, render(engine, &c->kernel, name, body));
    fprintf(file,
            "void run_%d(int threads, int count, const cnn_state *state, const cnn_batch *batch,\n"
            "    real *const *a) {\n"
            "  (void)threads, (void)state, (void)batch, (void)a;\n"
            "  PARALLEL(threads) {\n    const team t = join_team(%s);\n"
            "    kernel_%d(t, %s);\n  }\n}\n",
            i, c->channel_blocked ? "count" : "divide_up(count, LANES)", i, c->arguments);
  }
  template_engine_release(engine);
  if (fclose(file) != 0) {
    perror(path);
    exit(1);
  }
}

static void *build(const Suite *suite, const char *name, const char *compiler) {
  const char *stem = arena_printf(suite->arena, "%s_%s_%s", name, suite->target->name, compiler);
  write_source(suite, arena_printf(suite->arena, "%s.c", stem));
  const char *command = arena_printf(suite->arena,
                                     "%s -std=c11 -O3 -fopenmp -Wall -Wextra -Werror "
                                     "-Wno-unused-function "
                                     "-Wno-missing-prototypes -fPIC -shared %s -I'%s' %s.c "
                                     "-o %s.so -lm",
                                     compiler, suite->target->flags, CNN_INCLUDE, stem, stem);
  if (system(command) != 0) {
    printf("failed: %s\n", command);
    return NULL;
  }
  void *library = dlopen(arena_printf(suite->arena, "./%s.so", stem), RTLD_NOW | RTLD_NODELETE);
  if (!library) printf("%s\n", dlerror());
  return library;
}

int suite_main(int argc, char **argv, void (*add)(Suite *suite)) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  const Target *target = NULL;
  for (size_t i = 0; argc == 3 && i < sizeof TARGETS / sizeof *TARGETS; i++) {
    if (!strcmp(argv[1], TARGETS[i].name)) target = &TARGETS[i];
  }
  if (!target) {
    fprintf(stderr, "usage: %s scalar|double|avx2|avx512 COMPILER\n", argv[0]);
    return 2;
  }
  if (!runs_here(target)) {
    printf("skipped: this processor has no %s\n", target->name);
    return SKIPPED;
  }
  Suite suite = {.target = target, .arena = arena_new()};
  if (system(arena_printf(suite.arena, "command -v %s > /dev/null", argv[2])) != 0) {
    printf("skipped: no compiler %s\n", argv[2]);
    return SKIPPED;
  }
  const char *slash = strrchr(argv[0], '/');
  add(&suite);
  void *library = build(&suite, slash ? slash + 1 : argv[0], argv[2]);
  if (!library) return 1;
  int bad = 0;
  for (int i = 0; i < suite.cases.count; i++) {
    const int counts[] = {1, target->lanes, target->lanes + 3, 3 * target->lanes - 1};
    RunKernel *run = (RunKernel *)dlsym(library, arena_printf(suite.arena, "run_%d", i));
    bool good = run != NULL;
    for (size_t k = 0; good && k < sizeof counts / sizeof *counts; k++) {
      good = run_batch(suite.cases.at[i], target, run, counts[k]);
    }
    if (!good) {
      describe(suite.cases.at[i], i);
      bad++;
    }
  }
  printf("%d cases, %d bad\n", suite.cases.count, bad);
  dlclose(library);
  arena_release(suite.arena);
  return bad ? 1 : 0;
}
