#include "report/svg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Room for a number of any size. */
typedef struct number {
  char text[328];
} number;

/* "12", "12.5"; never "12.0" or "-0". */
static number print(double value) {
  number n;
  int length = snprintf(n.text, sizeof n.text, "%.1f", value);
  if (length > 2 && strcmp(n.text + length - 2, ".0") == 0) n.text[length - 2] = '\0';
  if (strcmp(n.text, "-0") == 0) strcpy(n.text, "0");
  return n;
}

static void add_escaped(cnn_text *text, const char *plain) {
  for (; *plain; plain++) {
    if (*plain == '&')
      cnn_text_add(text, "&amp;");
    else if (*plain == '<')
      cnn_text_add(text, "&lt;");
    else if (*plain == '>')
      cnn_text_add(text, "&gt;");
    else
      cnn_text_add(text, "%c", *plain);
  }
}

/* Of an element, or of the whole picture. */
static void add_title(cnn_text *text, const char *title) {
  cnn_text_add(text, "<title>");
  add_escaped(text, title);
  cnn_text_add(text, "</title>");
}

void cnn_svg_begin(cnn_text *text, double width, double height, const char *title,
                   const char *style) {
  const number w = print(width), h = print(height);
  cnn_text_add(text,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %s %s\" width=\"%s\" "
               "height=\"%s\">\n",
               w.text, h.text, w.text, h.text);
  add_title(text, title);
  cnn_text_add(text,
               "\n<style>text{font:12px sans-serif;fill:#444}.title{font-weight:bold}"
               ".grid{stroke:#ddd}%s</style>\n"
               "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
               style);
}

void cnn_svg_end(cnn_text *text) {
  cnn_text_add(text, "</svg>\n");
}

void cnn_svg_text(cnn_text *text, double x, double y, cnn_anchor anchor, const char *class,
                  const char *format, ...) {
  static const char *const ANCHORS[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
  char plain[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(plain, sizeof plain, format, arguments);
  va_end(arguments);
  cnn_text_add(text, "<text x=\"%s\" y=\"%s\"%s", print(x).text, print(y).text, ANCHORS[anchor]);
  if (class) cnn_text_add(text, " class=\"%s\"", class);
  cnn_text_add(text, ">");
  add_escaped(text, plain);
  cnn_text_add(text, "</text>\n");
}

void cnn_svg_rect(cnn_text *text, double x, double y, double width, double height, const char *fill,
                  const char *tooltip) {
  cnn_text_add(text, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\"",
               print(x).text, print(y).text, print(width).text, print(height).text, fill);
  if (!tooltip) {
    cnn_text_add(text, "/>\n");
    return;
  }
  cnn_text_add(text, ">");
  add_title(text, tooltip);
  cnn_text_add(text, "</rect>\n");
}

void cnn_svg_line(cnn_text *text, double x, double y, double length, const char *class) {
  cnn_text_add(text, "<path d=\"M%s %sh%s\" class=\"%s\"/>\n", print(x).text, print(y).text,
               print(length).text, class);
}

void cnn_svg_curve_begin(cnn_text *text, const char *class) {
  cnn_text_add(text, "<polyline class=\"%s\" points=\"", class);
}

void cnn_svg_curve_point(cnn_text *text, double x, double y) {
  cnn_text_add(text, "%s,%s ", print(x).text, print(y).text);
}

void cnn_svg_curve_end(cnn_text *text) {
  cnn_text_add(text, "\"/>\n");
}

void cnn_svg_dot(cnn_text *text, double x, double y, double radius, const char *class) {
  cnn_text_add(text, "<circle class=\"%s\" cx=\"%s\" cy=\"%s\" r=\"%s\"/>\n", class, print(x).text,
               print(y).text, print(radius).text);
}

void cnn_svg_pixels_begin(cnn_text *text, double x, double y, double scale, const char *tooltip) {
  cnn_text_add(text, "<g shape-rendering=\"crispEdges\" transform=\"translate(%s %s) scale(%s)\">",
               print(x).text, print(y).text, print(scale).text);
  add_title(text, tooltip);
}

/* A stroke as long and as wide as 1. */
void cnn_svg_pixel(cnn_text *text, int x, int y, const int rgb[3]) {
  cnn_text_add(text, "<path stroke=\"#%02x%02x%02x\" d=\"M%d %d.5h1\"/>", rgb[0], rgb[1], rgb[2], x,
               y);
}

void cnn_svg_pixels_end(cnn_text *text) {
  cnn_text_add(text, "</g>\n");
}
