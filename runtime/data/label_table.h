/* labels.csv: a table of image files and their labels, one image a line, as in RFC 4180:

     file,label
     holiday/1.jpg,beach
     "a, b.png",forest

   The first line may name the columns: file, filename, image or path, and label, class or category,
   in any order and beside others. Without such a line, the first two columns are meant. */
#ifndef CNN_LABEL_TABLE_H
#define CNN_LABEL_TABLE_H

#include "core/error.h"
#include "data/bytes.h"

typedef struct cnn_label_row {
  const char *file, *label; /* file: relative to the folder of the table */
  int line;
} cnn_label_row;

typedef struct cnn_label_table {
  cnn_label_row *rows; /* [count] */
  int count;
  cnn_bytes bytes; /* which the rows point into */
} cnn_label_table;

/* Mistakes (exit code 4) name the line. The table is to be released, also after false. */
bool cnn_label_table_read(cnn_label_table *table, const char *path, cnn_error *error);
void cnn_label_table_release(cnn_label_table *table);

/* The labels that occur, one a line, in the order of their bytes, or of their values if all are
   numbers; the caller frees the text. NULL after a mistake. */
char *cnn_label_table_classes(const cnn_label_table *table, cnn_error *error);

#endif
