/* Processors that a race may use. */
#ifndef CNNC_AFFINITY_H
#define CNNC_AFFINITY_H

/* How many this process had when it started. */
int processors(void);

/* From now on this process, its threads to come and its children run on as many processors as they
   have threads: on different cores as long as there are any. So no engine gets help from a thread
   that nobody counts. */
void use_processors(int threads);

#endif
