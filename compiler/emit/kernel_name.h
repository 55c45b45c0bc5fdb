/* Names of kernels, made of their parameters by one table. */
#ifndef CNNC_KERNEL_NAME_H
#define CNNC_KERNEL_NAME_H

#include "emit/lower.h"

/* The name by a pattern, in which braces stand for parameters:
     {X}             its value; of a number the digits with '_' for other characters
     {X?text}        text, if X is true, not 0, or not empty
     {X!text}        text, if it is not
     {X:text=usual}  text and the value, unless that is `usual`
     {X,Y:text=usual}   the same of a pair: "_s2", "_s2x1"
   Parameters that the kernel does not have count as 0. */
char *kernel_name_by(Arena *arena, const Kernel *kernel, const char *pattern);

/* Characters of a name, at most. */
enum { KERNEL_NAME_MAX = 47 };

/* Names all kernels. Names that would be longer lose their last words. Kernels of one name that
   differ in other parameters, such as their schedules, end in _2, _3... */
void kernel_names(Arena *arena, const KernelList *kernels);

#endif
