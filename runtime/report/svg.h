/* SVG pictures: every picture of the runtime and of the race is written by these functions, on a
   white ground, in one font and one grey. Coordinates are pixels, printed with one decimal at most.
   Texts are escaped. */
#ifndef CNN_SVG_H
#define CNN_SVG_H

#include "core/text.h"

typedef enum cnn_anchor { CNN_ANCHOR_START, CNN_ANCHOR_MIDDLE, CNN_ANCHOR_END } cnn_anchor;

/* style: CSS of the picture's own classes. The classes "title" (bold) and "grid" (light lines)
   exist already. */
void cnn_svg_begin(cnn_text *text, double width, double height, const char *title,
                   const char *style);
void cnn_svg_end(cnn_text *text);

/* A line of text from, around or up to x; y: its base line. class: NULL for none. At most 511 bytes
   are shown. */
void cnn_svg_text(cnn_text *text, double x, double y, cnn_anchor anchor, const char *class,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));

/* tooltip: NULL for none. */
void cnn_svg_rect(cnn_text *text, double x, double y, double width, double height, const char *fill,
                  const char *tooltip);

/* A horizontal line. */
void cnn_svg_line(cnn_text *text, double x, double y, double length, const char *class);

/* Straight lines from point to point. */
void cnn_svg_curve_begin(cnn_text *text, const char *class);
void cnn_svg_curve_point(cnn_text *text, double x, double y);
void cnn_svg_curve_end(cnn_text *text);

void cnn_svg_dot(cnn_text *text, double x, double y, double radius, const char *class);

/* What follows is moved to x, y and then scaled, and has a tooltip; without smoothing, so that
   pixels (squares of side 1) join. */
void cnn_svg_pixels_begin(cnn_text *text, double x, double y, double scale, const char *tooltip);
void cnn_svg_pixel(cnn_text *text, int x, int y, const int rgb[3]);
void cnn_svg_pixels_end(cnn_text *text);

#endif
