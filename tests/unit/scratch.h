/* For tests that need files: a folder that is removed at the end. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>

/* cmocka set-up and tear-down of a group; the former also changes into the folder. */
int scratch_open(void **state);
int scratch_close(void **state);

void scratch_write(const char *path, const void *data, size_t size);
void scratch_write_gz(const char *path, const void *data, size_t size);

/* The whole file, with a zero behind it; free it. Fails the test if there is none. */
char *scratch_read(const char *path, size_t *size);
int scratch_exists(const char *path);

/* An IDX file of bytes in memory; data may be NULL for only a header. Returns its size. */
size_t scratch_idx(unsigned char *file, int rank, const int *shape, const void *data);

/* A JPEG image of one colour, red, green and blue; side: pixels, at most 64. */
void scratch_jpeg(const char *path, int side, const unsigned char colour[3]);

/* A JPEG file of these pixels, [height][width][3]. */
void scratch_picture(const char *path, int height, int width, const unsigned char *pixels);

/* A data set like MNIST in a new folder: images 28x28 that show their label, one of 10. */
void scratch_dataset(const char *path, int training, int test);

#endif
