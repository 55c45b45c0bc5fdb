/* What the machine can do at this moment: what speeds are compared with. */
#ifndef CNN_PEAK_H
#define CNN_PEAK_H

/* Floating-point operations a second (a multiply-add is two) of `threads` threads that do nothing
   but independent fp32 multiply-adds in registers; the best of the instruction sets that the
   processor has. *name: of that set. */
double cnn_peak_fma(int threads, const char **name);

/* Bytes a second that `threads` threads read from memory, from a buffer beyond any cache. */
double cnn_peak_bandwidth(int threads);

/* "AMD EPYC 9005", as the system calls the processor. */
const char *cnn_processor_name(void);

#endif
