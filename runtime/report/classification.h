/* How a model classifies images: what it predicts of each class, how often it is right, and whether
   its probabilities are. */
#ifndef CNN_CLASSIFICATION_H
#define CNN_CLASSIFICATION_H

#include "core/error.h"
#include "core/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Images of class `label` that are predicted as class `predicted`. */
typedef struct cnn_confusion {
  int32_t label, predicted;
  int64_t images;
} cnn_confusion;

/* Of one class, or means over classes. With tp images rightly predicted as the class: precision is
   tp / predicted, recall tp / images, f1 = 2 tp / (predicted + images); 0 where the denominator is,
   as in scikit-learn. */
typedef struct cnn_class_result {
  int64_t images, predicted, right;
  double precision, recall, f1;
} cnn_class_result;

/* Images whose predicted class has a probability in one range: above number / CNN_BINS, and up to
   (number + 1) / CNN_BINS. */
enum { CNN_BINS = 15 };
typedef struct cnn_bin {
  int64_t images, right;
  double confidence; /* sum of the probabilities */
} cnn_bin;

typedef struct cnn_classification {
  int classes, top;
  bool is_softmax; /* logits make probabilities; else there are no bins */
  int64_t images, right, top_right;
  cnn_bin bins[CNN_BINS];

  /* After cnn_classification_finish. */
  cnn_class_result *results; /* [classes] */
  cnn_class_result mean;     /* over the classes that have images or are predicted */
  cnn_class_result weighted; /* over all images */
  cnn_confusion *confusion;  /* by label, then by predicted class; those with images alone */
  int64_t confusion_count;
  double ece; /* expected calibration error: the mean over all images of |accuracy - confidence| of
                 the bin of each (Guo et al. 2017, "On calibration of modern neural networks") */
  double confidence; /* mean */
} cnn_classification;

/* Classes that are likelier than `label`; of equal logits, the first is. */
int cnn_rank_of(const float *logits, int classes, int label);

/* For at most `images` images. top: a label is right among so many likeliest classes. Memory grows
   with images and classes, not with the square of the classes. */
bool cnn_classification_open(cnn_classification *c, int classes, int top, bool is_softmax,
                             int64_t images, cnn_error *error);
void cnn_classification_add(cnn_classification *c, const float *logits, int label, int predicted);
void cnn_classification_finish(cnn_classification *c);
void cnn_classification_close(cnn_classification *c);

/* Whether any image is of this class, or predicted as it. */
bool cnn_class_is_used(const cnn_class_result *result);

/* What all reports show. */
typedef struct cnn_classification_report {
  const cnn_classification *of;
  const char *const *names; /* [classes]; "" where there is none */
  const char *program, *weights, *data;
  double loss;
} cnn_classification_report;

/* The name of a class as UTF-8, or its number where it has none. At most `size` - 1 bytes. */
const char *cnn_class_label(const cnn_classification_report *report, int class, char *text,
                            size_t size);

/* Tables as text: of all classes, or of the worst of very many; and of all mistakes, or of the most
   frequent where there are many classes. */
void cnn_classification_print(const cnn_classification_report *report, FILE *out);

/* Files; each adds all of its text. what: a cnn_classification_report.
   A line a class and two of means; */
void cnn_classification_csv(cnn_text *text, const void *what);
/* all figures; false: no memory; */
bool cnn_classification_json(char **text, const cnn_classification_report *report);
/* the confusion matrix, a row a class and a column a predicted class; */
void cnn_confusion_csv(cnn_text *text, const void *what);
/* the same as a picture; */
void cnn_confusion_svg(cnn_text *text, const void *what);
/* and accuracy by confidence. */
void cnn_calibration_svg(cnn_text *text, const void *what);

#endif
