#include "emit/layer_table.h"

#include "driver/text.h"

#include <inttypes.h>
#include <string.h>

static const char *shape_text(const LayerSummary *layer, char text[40]) {
  const int *s = layer->shape;
  if (s[1] == 1 && s[2] == 1)
    snprintf(text, 40, "%d", s[0]);
  else
    snprintf(text, 40, "%dx%dx%d", s[0], s[1], s[2]);
  return text;
}

/* The name of the kernel of the layer's forward call, or "". */
static const char *kernel_of(const CallList *calls, const char *layer) {
  for (int i = 0; i < calls->count; i++) {
    const Call *call = calls->at[i];
    if (call->kernel && call->node->phase == PHASE_FORWARD && !strcmp(call->node->name, layer))
      return call->kernel->name;
  }
  return "";
}

/* In the table: not what is elementwise, or nearly so. */
static bool is_listed(const LayerSummary *layer) {
  return layer->reshapes || layer->macs;
}

char *layer_table(const Graph *graph, const LayerSummaryList *summary, const CallList *calls) {
  TextStream text;
  text_begin(&text);
  char shape[40];
  int width = 0;
  for (int i = 0; i < summary->count; i++)
    if (is_listed(&summary->at[i]) && (int)strlen(summary->at[i].name) > width)
      width = (int)strlen(summary->at[i].name);
  fprintf(text.out, "   %-*s %-11s %8s %8s  %s\n", width, "layer", "output", "MFLOP", "bytes",
          "kernel");
  for (int i = 0; i < summary->count; i++) {
    const LayerSummary *layer = &summary->at[i];
    if (!is_listed(layer)) continue;
    const char *kernel = kernel_of(calls, layer->name);
    fprintf(text.out, "   %-*s %-11s %8.3f %8" PRId64 "%s%s\n", width, layer->name,
            shape_text(layer, shape), 2e-6 * (double)layer->macs, layer->activation_bytes,
            *kernel ? "  " : "", kernel);
  }
  fprintf(text.out, "   MFLOP and bytes are those of one image, forward. Left out: layers that "
                    "neither multiply by\n"
                    "   weights nor change a shape (relu, batch_norm, dropout...).\n");
  return text_done(&text, graph->arena);
}
