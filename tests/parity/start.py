"""start.py SCRIPT.py ARGUMENT...: the script beside this one, or 77 (a skipped test) and the reason where
there is no PyTorch. One process: to import PyTorch takes seconds."""

import pathlib
import runpy
import sys

try:
    import numpy  # noqa: F401
    import safetensors  # noqa: F401
    import torch  # noqa: F401
except (ImportError, OSError) as error:  # a library of it may be missing
    print(f"skipped: python3 cannot import torch, numpy and safetensors: {error}")
    sys.exit(77)

del sys.argv[0]
runpy.run_path(str(pathlib.Path(__file__).with_name(sys.argv[0])), run_name="__main__")
