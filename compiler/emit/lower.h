/* Lowering: a node becomes a call of a kernel, and kernels of equal shape become one. */
#ifndef CNNC_LOWER_H
#define CNNC_LOWER_H

#include "emit/template.h"
#include "ir/graph.h"
#include "ir/options.h"

enum { KERNEL_PARAMETERS_MAX = 36 };

/* One function of the output: a template and its parameters. */
typedef struct Kernel {
  const char *template_name;
  const char *name; /* holds all that tells it from other kernels of the template */
  TemplateParam parameters[KERNEL_PARAMETERS_MAX];
  int parameter_count;
  const char *users; /* the layers that call it: "conv1, conv2" */
} Kernel;

typedef LIST_OF(Kernel *) KernelList;

/* Whether the layer is one of the kernel's users. */
bool kernel_has_user(const Kernel *kernel, const char *layer);

/* `kernel->name(team, arguments)`; a view has no kernel. */
typedef struct Call {
  const Kernel *kernel;
  const char *arguments; /* C text behind the team */
  const char *team; /* "t", or "lanes" where the program has both layouts: of groups of images */
} Call;

/* Lowers a node of a planned graph; the kernel joins the list unless it is there. The values'
   identifiers are set. */
Call lower_node(Graph *graph, const Node *node, const CompileOptions *options, KernelList *kernels);

/* The call that hands the logits of inference to the caller. */
Call lower_logits(Graph *graph, const CompileOptions *options, KernelList *kernels);

#endif
