"""The loss curve of the first training steps of a generated program, against PyTorch from the same
weights and batches.

    curve.py --cnnc CNNC --folder FOLDER --data DIR [--real TYPE] [--steps N] [--seed N] MODEL.lua
             [ARGUMENT...]

Every loss must agree to 1e-3 relative; with --real double, to 1e-6. The two belong together:
training LeNet-5 is chaotic, and in float PyTorch's own curve leaves PyTorch's curve in double by
more than 10 % somewhere in the first 200 steps, at a step that depends on the seed. So float is held
to a few dozen steps (200 are a matter of the seed), double to all of them. The learning rate of each
step is taken from the program's log. Exits with 77, for a skipped test, if DIR has no data."""

import argparse
import csv
import gzip
import pathlib
import sys

import numpy
from safetensors.torch import save_file

from common import (graph_arguments, load_file, load_graph, load_parameters, prepare, run, torch,
                    torch_model)

TOLERANCE = {"float": 1e-3, "double": 1e-6}


def read_idx(path, offset, shape):
    """The bytes of an IDX file behind its header."""
    with gzip.open(path, "rb") as file:
        return torch.from_numpy(numpy.frombuffer(file.read(), numpy.uint8, offset=offset).copy()
                                .reshape(shape))


def torch_curve(graph, weights, data, rates):
    images = read_idx(data / "train-images-idx3-ubyte.gz", 16, (-1, *graph["input"]))
    labels = read_idx(data / "train-labels-idx1-ubyte.gz", 8, (-1,)).long()
    pixels = images.double() / 255
    mean, deviation = pixels.mean(), pixels.std(unbiased=False)
    scale, shift = (1 / (255 * deviation)).float(), (-mean / deviation).float()  # as in cnn_batch
    model, loss = torch_model.build(graph)
    load_parameters(model, weights)
    optimizer = torch_model.optimizer(graph, model.parameters())
    batch, losses = graph["batch"], []
    for step, rate in enumerate(rates):
        part = slice(step * batch, (step + 1) * batch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        inputs = images[part].double() * scale + shift
        value = loss(model(inputs.to(torch.get_default_dtype())), labels[part]).mean()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def main():
    parser = argparse.ArgumentParser()
    for name in ("--cnnc", "--folder", "--data"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    parser.add_argument("--real", choices=sorted(TOLERANCE), default="float")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("model")
    options, arguments = parser.parse_known_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not (options.data / "train-images-idx3-ubyte.gz").exists():
        print(f"skipped: {options.data} has no data set; install dataset-fashion-mnist")
        sys.exit(77)
    prepare()
    if options.real == "double":
        torch.set_default_dtype(torch.float64)
        arguments += ["--real=double", "--target=scalar"]
    program, log, start = folder / "program", folder / "steps.csv", folder / "start.safetensors"
    run(options.cnnc, "export", options.model, *graph_arguments(arguments),
        "-o", folder / "graph.json")
    run(options.cnnc, "build", options.model, *arguments, "-o", program)
    run(program, "trace", "--seed", options.seed, "--out", folder / "trace.safetensors")
    graph = load_graph(folder / "graph.json")
    trace = load_file(folder / "trace.safetensors")
    names = [value["name"] for value in graph["values"] if value["kind"] == "parameter"]
    weights = {name: trace[name] for name in names}
    save_file(weights, start)
    run(program, "train", options.data, "--no-shuffle", "--steps", options.steps, "--init", start,
        "--log-steps", log, "--out", folder / "run")

    with open(log, encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    got = [float(row["loss"]) for row in rows]
    wanted = torch_curve(graph, weights, options.data, [float(row["lr"]) for row in rows])
    apart = [abs(g - w) / w for g, w in zip(got, wanted)]
    worst = max(range(len(apart)), key=apart.__getitem__)
    print(f"{len(apart)} steps, loss {got[0]:.4f} to {got[-1]:.4f}; furthest apart {apart[worst]:.1e}"
          f" at step {worst}: {got[worst]:.6f}, PyTorch {wanted[worst]:.6f}")
    if len(got) != options.steps:
        print(f"wanted {options.steps} steps")
    sys.exit(0 if len(got) == options.steps and apart[worst] <= TOLERANCE[options.real] else 1)


if __name__ == "__main__":
    main()
