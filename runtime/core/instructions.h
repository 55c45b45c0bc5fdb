/* Instructions of this processor. */
#ifndef CNN_INSTRUCTIONS_H
#define CNN_INSTRUCTIONS_H

#include "core/text.h"

#include <stdint.h>

/* Adds the names of those that a program needs (cnn_model's `instructions`) and this processor or
   its operating system lacks, with commas between. Processors other than x86 lack none. */
void cnn_instructions_missing(cnn_text *text, uint64_t needed);

#endif
