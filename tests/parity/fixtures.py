"""Writes fixtures/NAME.txt for every `fixture` of cases.txt: what PyTorch, in double, makes of the
weights and images that a generated program starts with. check_fixture.c reads them, without PyTorch.

    fixtures.py --cnnc CNNC --folder FOLDER"""

import argparse
import pathlib

import numpy

from common import SOURCE, cases, prepare, program_step, stored_names, torch
from parity import norms_of_lost, step_of_graph

SUMS = 4


def signs(count):
    """[SUMS, count] of -1 and 1, as in check_fixture.c."""
    low = numpy.uint64(0xFFFFFFFF)
    h = numpy.arange(count, dtype=numpy.uint64) * numpy.uint64(2654435761) & low
    h = (h ^ h >> numpy.uint64(15)) * numpy.uint64(2246822519) & low
    h ^= h >> numpy.uint64(13)
    bits = h >> numpy.arange(SUMS, dtype=numpy.uint64)[:, None] & numpy.uint64(1)
    return torch.from_numpy(2.0 * bits.astype(numpy.float64) - 1)


def line(kind, name, tensor, norm=None):
    numbers = tensor.double().flatten()
    norm = numbers.norm().item() if norm is None else norm
    sums = (signs(numbers.numel()) @ numbers).tolist()
    return " ".join([kind, name, *(f"{x:.10g}" for x in (norm, *sums))]) + "\n"


def fixture(graph, trace):
    step = step_of_graph(graph, trace)
    lost = norms_of_lost(graph, step["gradients"])
    required = {"loss", graph["output"]}
    inputs = [name for name in stored_names(graph) if name not in step["running"]]
    lines = [line("input", name, trace[name]) for name in [*inputs, "images", "labels", "scale", "shift"]]
    lines += [line("output" if name in required else "value", name, tensor)
              for name, tensor in step["outputs"].items()]
    lines += [line("running", name, tensor) for name, tensor in step["running"].items()]
    lines += [line("gradient", "d" + name, tensor, lost.get(name))
              for name, tensor in step["gradients"].items()]
    return "".join(lines)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--cnnc", "--folder"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    options = parser.parse_args()
    prepare()
    for case in cases("fixture"):
        arguments = case.arguments[2:]  # behind --count N
        _, graph, trace = program_step(options.cnnc, options.folder / case.name, case.arguments[1],
                                       case.model, arguments)
        path = SOURCE / "tests" / "parity" / "fixtures" / f"{case.name}.txt"
        path.write_text(fixture(graph, trace), encoding="ascii")
        print(path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
