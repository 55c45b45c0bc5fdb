#include "ir/recipe.h"

#define OFFSET_BATCH(name) offsetof(Recipe, name)
#define OFFSET_INT(name) offsetof(Recipe, name)
#define OFFSET_BOOL(name) offsetof(Recipe, name)
#define OFFSET_REAL(name) offsetof(Recipe, name)
#define OFFSET_OPTIMIZER(name) offsetof(Recipe, name)
#define OFFSET_LR_SCHEDULE(name) offsetof(Recipe, name)
#define OFFSET_MILESTONES(name) offsetof(Recipe, name##s)
#define OFFSET_BOUNDS(name) offsetof(Recipe, name##_low)
#define OFFSET_CHANNELS(name) offsetof(Recipe, name)

const RecipeField RECIPE_FIELDS[] = {
#define FIELD(type, name) {#name, RECIPE_##type, OFFSET_##type(name)},
    CNN_RECIPE_FIELDS(FIELD)
#undef FIELD
        {NULL, RECIPE_INT, 0}};

const RecipeSetting RECIPE_SETTINGS[] = {
#define SETTING(table, key, type, field, lua)                                                      \
  {#table, #key, #type, lua, RECIPE_##type, OFFSET_##type(field)},
    CNN_RECIPE_SETTINGS(SETTING)
#undef SETTING
        {NULL, NULL, NULL, NULL, RECIPE_INT, 0}};

#define NAME(id, name) name,
const char *optimizer_name(OptimizerKind kind) {
  static const char *const NAMES[] = {CNN_OPTIMIZERS(NAME)};
  return NAMES[kind];
}

const char *lr_schedule_name(LrScheduleKind kind) {
  static const char *const NAMES[] = {CNN_LR_SCHEDULES(NAME)};
  return NAMES[kind];
}
#undef NAME

double recipe_number(const Recipe *recipe, RecipeType type, size_t offset) {
  const char *at = (const char *)recipe + offset;
  if (type == RECIPE_REAL) return *(const double *)(const void *)at;
  if (type == RECIPE_BOOL) return *(const bool *)(const void *)at;
  return *(const int *)(const void *)at;
}

int optimizer_blocks(const Recipe *recipe) {
  int momentum = recipe->momentum != 0;
  switch (recipe->optimizer) {
  case OPTIMIZER_SGD:
    break;
  case OPTIMIZER_ADAM:
  case OPTIMIZER_ADAMW:
    return 2;
  case OPTIMIZER_RMSPROP:
    return 1 + momentum + recipe->centered;
  }
  return momentum;
}
