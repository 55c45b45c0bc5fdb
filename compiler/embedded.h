/* Files that live inside the cnnc binary: the templates, nn.lua and the zoo. */
#ifndef CNNC_EMBEDDED_H
#define CNNC_EMBEDDED_H

typedef struct EmbeddedFile {
  const char *name; /* without its folder; NULL ends a table */
  const char *text;
} EmbeddedFile;

extern const EmbeddedFile EMBEDDED_TEMPLATES[]; /* templates/ */
extern const EmbeddedFile EMBEDDED_DSL[];       /* dsl/ *.lua */

#endif
