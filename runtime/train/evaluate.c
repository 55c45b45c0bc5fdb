#include "train/evaluate.h"

#include "data/dataset.h"
#include "data/sampler.h"
#include "report/classification.h"

#include <math.h>

static double cross_entropy(const float *logits, int classes, int label, double smoothing) {
  double top = logits[0], sum = 0, all = 0;
  for (int k = 1; k < classes; k++) top = fmax(top, logits[k]);
  for (int k = 0; k < classes; k++) {
    sum += exp(logits[k] - top);
    all += logits[k] - top;
  }
  double wanted = (1 - smoothing) * (logits[label] - top) + smoothing * all / classes;
  return log(sum) - wanted;
}

double cnn_loss_of(const cnn_model *model, const float *logits, int label) {
  if (model->loss == CNN_SOFTMAX_CROSS_ENTROPY)
    return cross_entropy(logits, model->classes, label, model->recipe->label_smoothing);
  double sum = 0;
  for (int k = 0; k < model->classes; k++) {
    double difference = logits[k] - (k == label);
    sum += difference * difference;
  }
  return sum / 2;
}

cnn_evaluation cnn_evaluate(cnn_session *session, const cnn_dataset *dataset, int batch,
                            const cnn_observer *observer, const volatile sig_atomic_t *stop) {
  const cnn_model *model = session->model;
  double loss = 0;
  int64_t right = 0, top = 0, seen = 0;
  model->prepack(&session->state);
  while (seen < dataset->count && !(stop && *stop)) {
    int count = cnn_sampler_batch_count(dataset->count, batch, seen / batch);
    cnn_dataset_fill(dataset, session, NULL, seen, count);
    cnn_session_infer(session);
    for (int i = 0; i < count; i++) {
      int label = session->labels[i];
      const float *logits = session->logits + (size_t)i * model->classes;
      const int predicted = session->state.predicted[i];
      loss += cnn_loss_of(model, logits, label);
      right += predicted == label;
      top += cnn_rank_of(logits, model->classes, label) < CNN_TOP;
      if (observer) observer->image(observer->context, logits, label, predicted);
    }
    seen += count;
  }
  double images = seen > 0 ? (double)seen : 1;
  return (cnn_evaluation){loss / images, (double)right / images, (double)top / images, seen};
}
