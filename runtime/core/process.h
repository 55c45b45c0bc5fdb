/* The time and the memory of this process. */
#ifndef CNN_PROCESS_H
#define CNN_PROCESS_H

double cnn_seconds(void); /* of a clock that never goes back */

/* Peak of the resident memory in kB (1024 bytes); 0 if /proc does not show it. */
long cnn_peak_kb(void);

#endif
