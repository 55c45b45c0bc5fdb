/* Event files, which TensorBoard reads: records as TensorFlow's TFRecord, each with two masked
   CRC32C; in each a protobuf message `Event` (tensorflow/core/util/event.proto), of which a scalar
   needs a few fields alone. Allocates nothing. */
#ifndef CNN_EVENT_FILE_H
#define CNN_EVENT_FILE_H

#include "data/files.h"

#include <stdint.h>

typedef struct cnn_event_file {
  cnn_file file;
  bool open;
} cnn_event_file;

/* tag: at most CNN_TAG_BYTES. */
typedef struct cnn_scalar {
  const char *tag;
  double value;
} cnn_scalar;
enum { CNN_SCALARS_MAX = 16, CNN_TAG_BYTES = 63 };

/* Makes the folder, and in it a new file, events.out.tfevents.TIME.HOST.PROCESS. What earlier files
   of the folder have from `first_step` on no longer counts. */
bool cnn_event_file_open(cnn_event_file *file, const char *folder, int64_t first_step,
                         cnn_error *error);

/* Values of a step, at the present time; they are in the file at once. Nothing if the file is not
   open. After a failure it is not. */
bool cnn_event_file_add(cnn_event_file *file, int64_t step, const cnn_scalar *scalars, int count,
                        cnn_error *error);

bool cnn_event_file_close(cnn_event_file *file, cnn_error *error);

/* CRC-32C (Castagnoli; RFC 3720, appendix B.4), as records have it: rotated right by 15 bits, plus
   0xa282ead8. */
uint32_t cnn_masked_crc(const void *data, size_t size);

#endif
