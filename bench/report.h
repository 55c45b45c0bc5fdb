/* One race in the terminal. */
#ifndef CNNC_REPORT_H
#define CNNC_REPORT_H

#include "turns.h"

#include <stdio.h>

void report_race(const Race *race, FILE *out);

#endif
