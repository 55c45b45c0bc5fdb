/* Where a field stands in a model file. Lua knows the lines of calls, not those of fields. */
#ifndef CNNC_FIELD_LINE_H
#define CNNC_FIELD_LINE_H

/* The line of `field = ...` in the table of the call on line `line`, or, if outer is not "", in the
   table of its field `outer`, or else of `outer` itself; 0 if the text does not show it. */
int field_line(const char *text, int line, const char *outer, const char *field);

#endif
