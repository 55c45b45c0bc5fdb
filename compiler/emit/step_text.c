#include "emit/step_text.h"

#include "driver/text.h"
#include "emit/call_text.h"
#include "ir/queries.h"

#include <string.h>

/* What the node makes is there after this call. */
static void number_values(const Node *node, int call) {
  for (int i = 0; i < node->out_count; i++) node->out[i]->call = call;
}

static void write_call(FILE *out, const Calls *calls, const Call *call, const char *indent,
                       NodeCost cost) {
  Arena *arena = calls->graph->arena;
  const bool prepacks = call->node && call->node->phase == PHASE_PREPACK;
  if (!prepacks) { /* prepacking is not a part of a step, and its calls do not need each other */
    ProfiledCall *profiled = ARENA_NEW(arena, ProfiledCall);
    *profiled = (ProfiledCall){call->node ? call->node->name : "logits", cost};
    LIST_PUSH(arena, calls->profiled, profiled);
  }
  const char *text = call_text(arena, call, target_is_reference(calls->options->target));
  fprintf(out, "%s%s;%s\n", indent, text, prepacks ? "" : " NEXT;");
}

/* layer1.0 of layer1.0.conv1; conv1 of conv1. */
static const char *scope_of(Arena *arena, const char *layer) {
  const char *dot = strrchr(layer, '.');
  return dot ? arena_printf(arena, "%.*s", (int)(dot - layer), layer) : layer;
}

static char *calls_of(const Calls *calls, Phase phase, const char *indent) {
  const Graph *graph = calls->graph;
  TextStream text;
  text_begin(&text);
  const char *scope = "";
  for (int i = 0; i < calls->calls.count; i++) {
    const Call *call = calls->calls.at[i];
    const Node *node = call->node;
    if (node->phase != phase) continue;
    if (phase != PHASE_PREPACK) /* a view is there already */
      number_values(node, calls->profiled->count - !call->kernel);
    if (!call->kernel) continue;
    const char *around = scope_of(graph->arena, node->name);
    const bool grouped = phase == PHASE_FORWARD || phase == PHASE_BACKWARD;
    const bool named = graph_is_plain(graph) && !strcmp(around, node->name); /* by its tensors */
    if (grouped && !named && strcmp(scope, around) != 0)
      fprintf(text.out, "%s/* %s */\n", indent, around);
    scope = around;
    write_call(text.out, calls, call, indent, node_cost(graph, node, calls->options));
  }
  return text_done(&text, graph->arena);
}

static char *logits_call(const Calls *calls, const Call *call, const char *indent) {
  TextStream text;
  text_begin(&text);
  write_call(text.out, calls, call, indent, logits_cost(calls->graph, calls->options));
  return text_done(&text, calls->graph->arena);
}

CallTexts call_texts(const Calls *train, const Calls *infer, const Call *logits) {
  CallTexts texts = {.forward = calls_of(train, PHASE_FORWARD, "  ")};
  texts.backward = calls_of(train, PHASE_BACKWARD, "  ");
  texts.update = calls_of(train, PHASE_UPDATE, "  ");
  texts.prepacking = calls_of(infer, PHASE_PREPACK, "    ");
  const char *indent = target_is_reference(infer->options->target) ? "  " : "    "; /* PARALLEL */
  const char *forward = calls_of(infer, PHASE_FORWARD, indent);
  texts.inference =
      arena_printf(infer->graph->arena, "%s%s", forward, logits_call(infer, logits, indent));
  return texts;
}
