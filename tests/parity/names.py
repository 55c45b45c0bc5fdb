"""The lists of parameters in tests/zoo/names, which need no PyTorch to compare with:

    names.py           compares them with the modules of reference_nets.py
    names.py --write   makes them

One file a line of tests/zoo/counts.txt that has a count; one line a module, with the shapes of its
parameters and running statistics, in alphabetical order."""

import itertools
import sys

import reference_nets
from common import SOURCE, stored, torch

ZOO = SOURCE / "tests" / "zoo"


def nets():
    """Name of the file, model and options of each line of counts.txt."""
    for line in (ZOO / "counts.txt").read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            continue
        model, options, count = (word.strip() for word in line.split("|"))
        words = options.split()[1::2]  # -D name=value ...
        if count != "-":
            yield ".".join([model, *words]), model, dict(word.split("=") for word in words)


def listing(model, options):
    with torch.device("meta"):
        tensors = stored(reference_nets.build(model, options))
    parts = [(*name.rpartition(".")[::2], "x".join(map(str, t.shape))) for name, t in tensors.items()]
    return "".join(
        f"{module} {' '.join(f'{leaf}={shape}' for _, leaf, shape in group)}\n"
        for module, group in itertools.groupby(sorted(parts), key=lambda part: part[0]))


def main():
    wrong = 0
    for file, model, options in nets():
        path, text = ZOO / "names" / f"{file}.txt", listing(model, options)
        if "--write" in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="ascii")
        elif path.read_text(encoding="ascii") != text:
            print(f"{path.name} is not what reference_nets.py has: names.py --write, and look at it")
            wrong += 1
        else:
            print(f"{path.name}: {text.count('=')} tensors")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
