/* Files that live inside the cnnc binary: the templates, and nn.lua with its checks. */
#ifndef CNNC_EMBEDDED_H
#define CNNC_EMBEDDED_H

typedef struct EmbeddedFile {
  const char *name; /* without its folder; NULL ends a table */
  const char *text;
} EmbeddedFile;

extern const EmbeddedFile EMBEDDED_TEMPLATES[]; /* templates/ */
extern const EmbeddedFile EMBEDDED_DSL[];       /* dsl/ *.lua */

#endif
