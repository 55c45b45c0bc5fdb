#include "train/resume.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- numbers: metadata ------------------------------------------------------------------------ */

typedef enum kind { INT, INT64, REAL } kind;

#define FIELD(name, kind)                                                                          \
  { #name, kind, offsetof(cnn_resume, name) }
static const struct {
  const char *name;
  kind kind;
  size_t offset;
} FIELDS[] = {
    FIELD(step, INT64),
    FIELD(epochs_done, INT),
    FIELD(tally.loss, REAL),
    FIELD(tally.seconds, REAL),
    FIELD(tally.images, INT64),
    FIELD(tally.right, INT64),
    FIELD(lr, REAL),
    FIELD(plateau.epochs, INT),
    FIELD(plateau.best, REAL),
    FIELD(plateau.bad, INT),
    FIELD(plateau.cooling, INT),
    FIELD(best.epoch, INT),
    FIELD(best.loss, REAL),
    FIELD(best.accuracy, REAL),
    FIELD(seed, INT64),
    FIELD(data, INT64),
    FIELD(epochs, INT),
    FIELD(batch, INT),
    FIELD(limit, INT),
    FIELD(no_shuffle, INT),
    FIELD(overfit, INT),
    FIELD(split, REAL),
    FIELD(best_by, INT),
    FIELD(patience, INT),
};
enum { FIELD_COUNT = sizeof FIELDS / sizeof *FIELDS, NUMBER = 32 };

static void print_field(char text[NUMBER], const cnn_resume *resume, int i) {
  const char *at = (const char *)resume + FIELDS[i].offset;
  if (FIELDS[i].kind == REAL)
    snprintf(text, NUMBER, "%.17g", *(const double *)(const void *)at);
  else
    snprintf(text, NUMBER, "%lld",
             FIELDS[i].kind == INT ? *(const int *)(const void *)at
                                   : (long long)*(const int64_t *)(const void *)at);
}

static bool parse_field(const char *text, cnn_resume *resume, int i) {
  char *at = (char *)resume + FIELDS[i].offset, *end;
  if (!text || !*text) return false;
  if (FIELDS[i].kind == REAL) {
    double number = strtod(text, &end);
    memcpy(at, &number, sizeof number);
    return !*end && isfinite(number);
  }
  int64_t number = strtoll(text, &end, 10);
  if (*end || number < 0) return false;
  if (FIELDS[i].kind == INT64) return memcpy(at, &number, sizeof number), true;
  int narrow = (int)number;
  memcpy(at, &narrow, sizeof narrow);
  return narrow == number;
}

/* FNV-1a, of text that is written piece by piece. */
static void mix(uint64_t *hash, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void mix(uint64_t *hash, const char *format, ...) {
  char text[320];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  for (int k = 0; k < length && k < (int)sizeof text; k++)
    *hash = (*hash ^ (unsigned char)text[k]) * UINT64_C(0x100000001b3);
}

static void mix_reals(uint64_t *hash, const double *numbers, int count) {
  for (int i = 0; i < count; i++) mix(hash, "%.17g ", numbers[i]);
}

static void mix_ints(uint64_t *hash, const int *numbers, int count) {
  for (int i = 0; i < count; i++) mix(hash, "%d ", numbers[i]);
}

/* All that tells recipes apart, but for what the command line sets: epochs and the first rate are
   among the state's numbers. */
static void mix_recipe(uint64_t *hash, const cnn_model *model) {
  cnn_recipe recipe = *model->recipe;
  recipe.epochs = 0;
  recipe.lr = 0;
  const int channels = recipe.normalize_from_dataset ? 0 : model->input[0];
  mix(hash, "%d %d ", (int)model->loss, model->batch);
#define MIX_BATCH(name)
#define MIX_INT(name) mix(hash, "%d ", recipe.name);
#define MIX_BOOL(name) MIX_INT(name)
#define MIX_OPTIMIZER(name) mix(hash, "%d ", (int)recipe.name);
#define MIX_LR_SCHEDULE(name) MIX_OPTIMIZER(name)
#define MIX_REAL(name) mix(hash, "%.17g ", recipe.name);
#define MIX_BOUNDS(name) mix(hash, "%.17g %.17g ", recipe.name##_low, recipe.name##_high);
#define MIX_MILESTONES(name) mix_ints(hash, recipe.name##s, recipe.name##_count);
#define MIX_CHANNELS(name) mix_reals(hash, recipe.name, channels);
#define MIX(type, name) MIX_##type(name)
  CNN_RECIPE_FIELDS(MIX)
}

/* Of the recipe, and of names, shapes and offsets of all parameters: blocks of equal size could
   still hold them in another order. Which of them are frozen is saved besides. */
static uint64_t layout_of(const cnn_model *model) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (int i = 0; i < model->parameter_count; i++) {
    const cnn_parameter *p = &model->parameters[i];
    mix(&hash, "%.240s %zu %d %d %d %d;", p->name, p->offset, p->shape[0], p->shape[1], p->shape[2],
        p->shape[3]);
  }
  mix_recipe(&hash, model);
  return hash;
}

static void print_layout(char text[NUMBER], const cnn_model *model) {
  snprintf(text, NUMBER, "%016llx", (unsigned long long)layout_of(model));
}

/* --- blocks: tensors -------------------------------------------------------------------------- */

static const size_t COLUMNS[] = {offsetof(cnn_metrics, train_loss),
                                 offsetof(cnn_metrics, train_accuracy),
                                 offsetof(cnn_metrics, test_loss),
                                 offsetof(cnn_metrics, test_accuracy),
                                 offsetof(cnn_metrics, images_per_s),
                                 offsetof(cnn_metrics, average_loss),
                                 offsetof(cnn_metrics, average_accuracy),
                                 offsetof(cnn_metrics, lr),
                                 offsetof(cnn_metrics, train_s),
                                 offsetof(cnn_metrics, test_s),
                                 offsetof(cnn_metrics, top)};
enum { COLUMN_COUNT = sizeof COLUMNS / sizeof *COLUMNS, BLOCKS = 4 };

bool cnn_resume_is_complete(const cnn_resume *resume) {
  return resume->epochs_done == resume->epochs ||
         cnn_best_is_stale(&resume->best, resume->epochs_done, resume->patience);
}

size_t cnn_resume_history_bytes(int epochs) {
  return (size_t)epochs * COLUMN_COUNT * sizeof(double);
}

static double *column(cnn_metrics *row, int k) {
  return (double *)(void *)((char *)row + COLUMNS[k]);
}

/* The tensors of the file, in its order. */
static int list_blocks(cnn_tensor tensors[BLOCKS], const cnn_model *model, int epochs_done,
                       const cnn_resume_blocks *blocks) {
  const struct {
    const char *name;
    const void *data;
    int64_t rows;
    size_t reals;
  } all[] = {{"parameters", blocks->parameters, 1, model->parameter_reals},
             {"optimizer", blocks->optimizer, model->optimizer_blocks, model->gradient_reals},
             {"average", blocks->average, blocks->average ? 1 : 0, model->parameter_reals}};
  int count = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    if (all[i].rows == 0) continue;
    int64_t reals = (int64_t)all[i].reals;
    tensors[count++] = (cnn_tensor){
        .name = all[i].name,
        .dtype = model->real_bytes == 8 ? CNN_DTYPE_F64 : CNN_DTYPE_F32,
        .rank = 2,
        .shape = {all[i].rows, reals},
        .data = all[i].data,
        .bytes = (size_t)(all[i].rows * reals) * (size_t)model->real_bytes,
    };
  }
  tensors[count++] = (cnn_tensor){.name = "metrics",
                                  .dtype = CNN_DTYPE_F64,
                                  .rank = 2,
                                  .shape = {epochs_done, COLUMN_COUNT},
                                  .data = blocks->history,
                                  .bytes = cnn_resume_history_bytes(epochs_done)};
  return count;
}

bool cnn_resume_save(const char *path, const cnn_model *model, const cnn_resume *resume,
                     const cnn_resume_blocks *blocks, cnn_text *header, cnn_error *error) {
  char numbers[FIELD_COUNT][NUMBER], layout[NUMBER];
  cnn_metadata metadata[FIELD_COUNT + 3];
  for (int i = 0; i < FIELD_COUNT; i++) {
    print_field(numbers[i], resume, i);
    metadata[i] = (cnn_metadata){FIELDS[i].name, numbers[i]};
  }
  print_layout(layout, model);
  metadata[FIELD_COUNT] = (cnn_metadata){"state_of", model->name};
  metadata[FIELD_COUNT + 1] = (cnn_metadata){"layout", layout};
  metadata[FIELD_COUNT + 2] = (cnn_metadata){"frozen", resume->frozen};
  for (int i = 0; i < resume->epochs_done; i++)
    for (int k = 0; k < COLUMN_COUNT; k++)
      blocks->history[i * COLUMN_COUNT + k] = *column(&blocks->rows[i], k);
  cnn_tensor tensors[BLOCKS];
  int count = list_blocks(tensors, model, resume->epochs_done, blocks);
  return cnn_safetensors_write(path, tensors, count, metadata, FIELD_COUNT + 3, header, error);
}

static bool read_numbers(const cnn_safetensors *file, const char *path, const cnn_model *model,
                         cnn_resume *resume, cnn_error *error) {
  const char *maker = cnn_safetensors_metadata(file, "state_of");
  const char *layout = cnn_safetensors_metadata(file, "layout");
  char wanted[NUMBER];
  print_layout(wanted, model);
  if (!maker || strcmp(maker, model->name) != 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: the state of another model (%s) than %s; resume with the program that "
                    "began the run",
                    path, maker ? maker : "unnamed", model->name);
  if (!layout || strcmp(layout, wanted) != 0)
    return cnn_fail(error, CNN_EXIT_DATA,
                    "%s: the state of a %s with other layers or another recipe; resume with the "
                    "program that began the run",
                    path, model->name);
  for (int i = 0; i < FIELD_COUNT; i++)
    if (!parse_field(cnn_safetensors_metadata(file, FIELDS[i].name), resume, i))
      return cnn_fail(error, CNN_EXIT_DATA,
                      "%s: its '%s' is missing or not a number; train again from the start", path,
                      FIELDS[i].name);
  bool sound = resume->epochs >= 1 && resume->epochs_done <= resume->epochs && resume->batch >= 1;
  return sound ||
         cnn_fail(error, CNN_EXIT_DATA,
                  "%s: its numbers contradict each other; train again from the start", path);
}

bool cnn_resume_frozen(const char *path, char **frozen, cnn_error *error) {
  cnn_safetensors file;
  if (!cnn_safetensors_open(&file, path, error)) return false;
  const char *layers = cnn_safetensors_metadata(&file, "frozen");
  *frozen = strdup(layers ? layers : "");
  cnn_safetensors_close(&file);
  return *frozen || cnn_fail(error, CNN_EXIT_FAILED, "no memory for the names of layers");
}

bool cnn_resume_open(cnn_safetensors *file, const char *path, const cnn_model *model,
                     cnn_resume *resume, cnn_error *error) {
  if (!cnn_safetensors_open(file, path, error)) return false;
  if (read_numbers(file, path, model, resume, error)) return true;
  cnn_safetensors_close(file);
  return false;
}

bool cnn_resume_load(const cnn_safetensors *file, const char *path, const cnn_model *model,
                     const cnn_resume *resume, const cnn_resume_blocks *blocks, cnn_error *error) {
  cnn_tensor tensors[BLOCKS];
  int count = list_blocks(tensors, model, resume->epochs_done, blocks);
  if (!cnn_safetensors_check_data(file, path, error)) return false;
  for (int i = 0; i < count; i++) {
    const cnn_tensor *wanted = &tensors[i], *found = cnn_safetensors_find(file, wanted->name);
    if (!found || found->dtype != wanted->dtype || found->bytes != wanted->bytes)
      return cnn_fail(error, CNN_EXIT_DATA,
                      "%s: '%s' is not what this program keeps; resume with the program that began "
                      "the run",
                      path, wanted->name);
    memcpy((void *)wanted->data, found->data, found->bytes); /* one of the blocks */
  }
  for (int i = 0; i < resume->epochs_done; i++) {
    blocks->rows[i] = (cnn_metrics){
        .epoch = i + 1, .averaged = blocks->average != NULL, .has_top = model->classes > CNN_TOP};
    for (int k = 0; k < COLUMN_COUNT; k++)
      *column(&blocks->rows[i], k) = blocks->history[i * COLUMN_COUNT + k];
  }
  return true;
}
