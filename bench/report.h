/* The table of one race. */
#ifndef CNNC_REPORT_H
#define CNNC_REPORT_H

#include "race.h"

#include <stdio.h>

void report_race(const Race *race, FILE *out);

#endif
