/* The race: a generated program, the generic runtime and PyTorch, interleaved in one run. */
#ifndef CNNC_RACE_H
#define CNNC_RACE_H

/* `cnnc bench MODEL.lua ...`; argv[0] is what messages call the program. Returns the exit code. */
int race_main(int argc, char **argv);

#endif
