/* What every program may need beside its vectors. */
#ifndef CNN_PRELUDE_H
#define CNN_PRELUDE_H

#include "arguments.h"
#include "attributes.h"
#include "integers.h"
#include "parallel.h"
#include "shape.h"

#endif
