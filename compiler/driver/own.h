/* Whether a file may be replaced: it is not there, is empty, or was made by cnnc. */
#ifndef CNNC_OWN_H
#define CNNC_OWN_H

#include <stdbool.h>

/* C that names the command which made it in its first comment. */
bool own_c(const char *path);

/* An ELF file with the descriptor of a model: the text of its command, "cnnc NET.lua --target ...".
 */
bool own_program(const char *path);

#endif
