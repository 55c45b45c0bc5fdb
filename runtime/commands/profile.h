/* How a profile is measured: an observer of a step's calls. */
#ifndef CNN_PROFILE_OBSERVER_H
#define CNN_PROFILE_OBSERVER_H

/* Of one step, as an observer of its calls. */
typedef struct cnn_profile {
  double *ends; /* [room]: when each node ended */
  int count;    /* nodes so far; those beyond room are only counted */
  int room;
} cnn_profile;

/* cnn_state.observe with a cnn_profile: records the time. */
void cnn_profile_observe(void *observer);

#endif
