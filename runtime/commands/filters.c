/* `filters`: the weights of a layer as a picture. It is SVG, as the charts are: a square of one
   colour a weight stays sharp at any size, and no library for pictures is needed. */
#include "commands/command_line.h"
#include "commands/commands.h"
#include "core/real.h"
#include "core/storage.h"
#include "data/files.h"
#include "report/svg.h"
#include "train/checkpoint.h"
#include "train/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
  cnn_shared_options shared;
  const char *layer, *out;
  int count;
} options;

static const cnn_option OPTIONS[] = {
    {"layer", 'l', "NAME", "Its weights (default: the first layer that has filters)", CNN_TEXT,
     offsetof(options, layer), 0, 0, NULL},
    {"count", 'n', "N", "The first N filters (default: 64)", CNN_INTEGER, offsetof(options, count),
     1, 4096, NULL},
    {"out", 'o', "FILE", "The SVG file to write (default: runs/<model>/filters.svg)", CNN_TEXT,
     offsetof(options, out), 0, 0, NULL},
    {0}};

static const cnn_command_line LINE = {
    .options = OPTIONS,
    .shared = "T",
    .operands = CNN_NO_OPERANDS,
    .doc = "Draw the weights of a convolution, a picture a filter: in colour where it sees three "
           "channels, else in grey, a picture a channel; or of a fully connected layer that sees "
           "the image."
           "\vGrey (128 of 255) is 0. Each filter is scaled by itself: its weight that is farthest "
           "from 0 is black or white.",
};

/* --- which weights ---------------------------------------------------------------------------- */

/* The filters of a layer: [count][channels][height][width] from `offset` in the parameters. */
typedef struct bank {
  const cnn_model *model;
  void *parameters;
  size_t offset;
  char layer[256];
  int count, channels, height, width;
  int shown, slices; /* filters drawn, and channels of each; a filter in colour is one slice */
} bank;

/* False if the parameter is not the weight of a layer with filters. */
static bool take_filters(bank *b, const cnn_model *model, const cnn_parameter *parameter) {
  size_t length = strlen(parameter->name);
  static const char suffix[] = ".weight";
  if (length < sizeof suffix || strcmp(parameter->name + length + 1 - sizeof suffix, suffix) != 0)
    return false;
  const int *in = model->input, *shape = parameter->shape;
  bool sees_image = parameter->rank == 2 && shape[1] == in[0] * in[1] * in[2];
  if (parameter->rank != 4 && !sees_image) return false;
  snprintf(b->layer, sizeof b->layer, "%.*s", (int)(length + 1 - sizeof suffix), parameter->name);
  b->offset = parameter->offset;
  b->count = shape[0];
  b->channels = sees_image ? in[0] : shape[1];
  b->height = sees_image ? in[1] : shape[2];
  b->width = sees_image ? in[2] : shape[3];
  return true;
}

static bool choose_layer(bank *b, const options *o, cnn_error *error) {
  const cnn_model *model = o->shared.model;
  char buffer[600] = "";
  cnn_text names = {.data = buffer, .size = sizeof buffer};
  for (int i = 0; i < model->parameter_count; i++) {
    if (!take_filters(b, model, &model->parameters[i])) continue;
    if (!o->layer || strcmp(o->layer, b->layer) == 0) return true;
    cnn_text_add(&names, "%s%s", names.used ? ", " : "", b->layer);
  }
  if (!names.used)
    return cnn_fail(error, CNN_EXIT_USAGE,
                    "no layer has filters: none is a convolution or sees the image");
  bool cut = names.used >= names.size;
  return cnn_fail(error, CNN_EXIT_USAGE, "--layer %s: no layer with filters; those are %s%s",
                  o->layer, buffer, cut ? "..." : "");
}

/* --- the picture ------------------------------------------------------------------------------ */

enum { TILE = 56, CELL_LEAST = 2, GAP = 6, MARGIN = 12, TITLE = 24, SLICES_MAX = 16, COLOURS = 3 };

static double weight_at(const bank *b, int filter, int channel, int pixel) {
  size_t area = (size_t)b->height * (size_t)b->width;
  size_t index = ((size_t)filter * (size_t)b->channels + (size_t)channel) * area + (size_t)pixel;
  return cnn_real_get(b->model, b->parameters, b->offset + index);
}

/* The largest absolute weight of the filter; 1 if all are 0. */
static double reach_of(const bank *b, int filter) {
  double most = 0;
  for (int c = 0; c < b->channels; c++)
    for (int pixel = 0; pixel < b->height * b->width; pixel++)
      most = fmax(most, fabs(weight_at(b, filter, c, pixel)));
  return most > 0 ? most : 1;
}

static int shade(double weight, double reach) {
  return (int)lround(127.5 + 127.5 * weight / reach);
}

static bool is_coloured(const bank *b) {
  return b->channels == COLOURS;
}

/* One slice, a pixel a weight. */
static void draw_slice(cnn_text *text, const bank *b, int filter, int slice, double reach) {
  for (int pixel = 0; pixel < b->height * b->width; pixel++) {
    int rgb[COLOURS];
    for (int c = 0; c < COLOURS; c++)
      rgb[c] = shade(weight_at(b, filter, is_coloured(b) ? c : slice, pixel), reach);
    cnn_svg_pixel(text, pixel % b->width, pixel / b->width, rgb);
  }
}

/* Filters in a square as far as they are one slice each; else a row a filter. */
static int columns_of(const bank *b) {
  return b->slices == 1 ? (int)ceil(sqrt(b->shown)) : b->slices;
}

static void draw(cnn_text *text, const void *what) {
  const bank *b = what;
  int longest = b->height > b->width ? b->height : b->width;
  int cell = TILE / longest > CELL_LEAST ? TILE / longest : CELL_LEAST;
  int columns = columns_of(b), tiles = b->shown * b->slices;
  int step_x = cell * b->width + GAP, step_y = cell * b->height + GAP;
  int width = 2 * MARGIN - GAP + columns * step_x;
  int height = TITLE + 2 * MARGIN - GAP + (tiles + columns - 1) / columns * step_y;
  char title[600];
  snprintf(title, sizeof title, "%s: filters of %s", b->model->name, b->layer);
  cnn_svg_begin(text, width, height, title, "");
  cnn_svg_text(text, MARGIN, TITLE, CNN_ANCHOR_START, NULL, "%s", b->layer);
  for (int tile = 0; tile < tiles; tile++) {
    int filter = tile / b->slices, slice = tile % b->slices;
    snprintf(title, sizeof title, b->slices > 1 ? "filter %d, channel %d" : "filter %d", filter,
             slice);
    cnn_svg_pixels_begin(text, MARGIN + tile % columns * step_x,
                         TITLE + MARGIN + tile / columns * step_y, cell, title);
    draw_slice(text, b, filter, slice, reach_of(b, filter));
    cnn_svg_pixels_end(text);
  }
  cnn_svg_end(text);
}

static int smaller(int a, int b) {
  return a < b ? a : b;
}

static bool write_picture(bank *b, const options *o, cnn_error *error) {
  b->shown = smaller(b->count, o->count);
  b->slices = is_coloured(b) ? 1 : smaller(b->channels, SLICES_MAX);
  if (!cnn_file_write_text(o->out, draw, b, error)) return false;
  if (!cnn_file_is_own(o->out)) return true; /* a pipe receives the picture alone */
  printf("written: %s, %d of the %d filters of %s, %dx%dx%d", o->out, b->shown, b->count, b->layer,
         b->channels, b->height, b->width);
  if (!is_coloured(b) && b->slices < b->channels)
    printf("; the first %d of their channels", b->slices);
  printf("\n");
  return true;
}

bool cnn_filters(const cnn_model *model, int argc, char **argv, cnn_error *error) {
  char folder[PATH_MAX], out[PATH_MAX + 16];
  options o = {.shared = cnn_shared_defaults(model), .count = 64};
  cnn_command_line_parse(&LINE, argc, argv, &o);
  cnn_storage storage = {0};
  cnn_checkpoint checkpoint;
  bank b = {.model = model};
  cnn_storage_want(&storage, &b.parameters, model->parameter_reals, (size_t)model->real_bytes);
  bool good = cnn_file_spares(o.out, o.shared.weights, error) && choose_layer(&b, &o, error) &&
              cnn_storage_commit(&storage, error) &&
              cnn_checkpoint_load(o.shared.weights, model, b.parameters, &checkpoint, error);
  if (good && !o.out) {
    snprintf(out, sizeof out, "%s/filters.svg", cnn_default_run(model, folder));
    o.out = out;
    good = cnn_make_folder(folder, error);
  }
  good = good && write_picture(&b, &o, error);
  cnn_storage_release(&storage);
  return good;
}
