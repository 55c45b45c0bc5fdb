#ifndef CNN_CLOCK_H
#define CNN_CLOCK_H

double cnn_seconds(void); /* of a clock that never goes back */

#endif
