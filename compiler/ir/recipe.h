/* The training recipe of a model. Its fields, and the arguments of a model that set them, are
   declared in cnn_recipe.def, which the public header of the runtime shares. */
#ifndef CNNC_RECIPE_H
#define CNNC_RECIPE_H

#include "../../runtime/core/cnn_recipe.def"

#include <stdbool.h>
#include <stddef.h>

#define KIND(id, name) OPTIMIZER_##id,
typedef enum OptimizerKind { CNN_OPTIMIZERS(KIND) } OptimizerKind;
#undef KIND
#define KIND(id, name) LR_##id,
typedef enum LrScheduleKind { CNN_LR_SCHEDULES(KIND) } LrScheduleKind;
#undef KIND

/* "sgd"; "step". */
const char *optimizer_name(OptimizerKind kind);
const char *lr_schedule_name(LrScheduleKind kind);

#define FIELD_BATCH(name) int name;
#define FIELD_INT(name) int name;
#define FIELD_BOOL(name) bool name;
#define FIELD_REAL(name) double name;
#define FIELD_OPTIMIZER(name) OptimizerKind name;
#define FIELD_LR_SCHEDULE(name) LrScheduleKind name;
#define FIELD_MILESTONES(name) int name##s[CNN_MILESTONES_MAX], name##_count;
#define FIELD_BOUNDS(name) double name##_low, name##_high;
#define FIELD_CHANNELS(name) double name[CNN_CHANNELS_MAX];
#define FIELD(type, name) FIELD_##type(name)
typedef struct Recipe {
  CNN_RECIPE_FIELDS(FIELD)
} Recipe;
#undef FIELD

typedef enum RecipeType {
  RECIPE_BATCH,
  RECIPE_INT,
  RECIPE_BOOL,
  RECIPE_REAL,
  RECIPE_OPTIMIZER,
  RECIPE_LR_SCHEDULE,
  RECIPE_MILESTONES,
  RECIPE_BOUNDS,
  RECIPE_CHANNELS
} RecipeType;

typedef struct RecipeField {
  const char *name;
  RecipeType type;
  size_t offset; /* in Recipe; BOUNDS and MILESTONES: of the first member */
} RecipeField;

/* An argument of a model: `key` in a table such as "train" or "sgd". */
typedef struct RecipeSetting {
  const char *table, *key, *type_name, *lua;
  RecipeType type;
  size_t offset;
} RecipeSetting;

/* Both end with a NULL name or table. */
extern const RecipeField RECIPE_FIELDS[];
extern const RecipeSetting RECIPE_SETTINGS[];

/* An INT, BATCH, BOOL or REAL field as a number. */
double recipe_number(const Recipe *recipe, RecipeType type, size_t offset);

/* Blocks of optimiser state, each as large as the parameters. */
int optimizer_blocks(const Recipe *recipe);

#endif
