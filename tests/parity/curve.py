"""The loss curve of the first training steps of a generated program, against PyTorch from the same
weights and batches.

    curve.py --cnnc CNNC --folder FOLDER [--data DIR] [--real TYPE] [--steps N] [--seed N] MODEL.lua
             [ARGUMENT...]

DIR has Fashion-MNIST; without it the images are those of synthetic.py. Every loss must agree with
that of PyTorch to 1e-3 relative; with --real double, to 1e-6. The learning rate of each step is taken
from the program's log. Exits with 77, for a skipped test, if DIR has no data."""

import argparse
import csv
import gzip
import pathlib
import sys

import numpy

import synthetic
from common import (finish, graph_arguments, heads_of, load, load_file, load_graph, prepare, run, save_file,
                    stored_names, torch, torch_model)

TOLERANCE = {"float": 1e-3, "double": 1e-6}


def read_idx(path, offset, shape):
    """The bytes of an IDX file behind its header."""
    with gzip.open(path, "rb") as file:
        return torch.from_numpy(numpy.frombuffer(file.read(), numpy.uint8, offset=offset).copy()
                                .reshape(shape))


def read_data(folder, shape):
    """Training images and labels, of Fashion-MNIST or in CIFAR-10's format."""
    images = folder / "train-images-idx3-ubyte.gz"
    if images.exists():
        return (read_idx(images, 16, (-1, *shape)),
                read_idx(folder / "train-labels-idx1-ubyte.gz", 8, (-1,)).long())
    parts = [numpy.fromfile(folder / f"data_batch_{i}.bin", numpy.uint8) for i in range(1, 6)]
    records = torch.from_numpy(numpy.concatenate(parts)).reshape(-1, 1 + 3 * 32 * 32)
    return records[:, 1:].reshape(-1, *shape), records[:, 0].long()


def torch_curve(graph, weights, data, rates):
    images, labels = read_data(data, graph["input"])
    pixels = images.double() / 255
    mean, deviation = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3), unbiased=False)
    scale, shift = 1 / (255 * deviation), -mean / deviation
    scale, shift = (t.float().view(1, -1, 1, 1) for t in (scale, shift))  # as in cnn_batch
    model, loss = torch_model.build(graph, keep_values=True)
    load(model, weights)
    optimizer = torch_model.optimizer(graph, model.parameters())
    batch, losses = graph["batch"], []
    for step, rate in enumerate(rates):
        part = slice(step * batch, (step + 1) * batch)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        inputs = images[part].double() * scale + shift
        values = model(inputs.to(torch.get_default_dtype()))
        value = sum(weight * loss(values[name], labels[part]).mean() for name, weight in heads_of(graph))
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses


def check(cnnc, folder, data, real, steps, seed, model, arguments):
    """Returns {what: ...} for the table: losses at both ends, the largest relative distance."""
    folder.mkdir(parents=True, exist_ok=True)
    if not data:
        data = folder / "data"
        synthetic.write(data)
    torch.set_default_dtype(torch.float64 if real == "double" else torch.float32)
    if real == "double":
        arguments = [*arguments, "--real=double", "--target=scalar"]
    program, log, start = folder / "program", folder / "steps.csv", folder / "start.safetensors"
    run(cnnc, "export", model, *graph_arguments(arguments), "-o", folder / "graph.json")
    run(cnnc, "build", model, *arguments, "-o", program)
    run(program, "trace", "--infer", "--seed", seed, "--threads", 1, "--out", folder / "trace.safetensors")
    graph = load_graph(folder / "graph.json")
    trace = load_file(folder / "trace.safetensors")
    weights = {name: trace[name] for name in stored_names(graph)}
    save_file(weights, start)
    run(program, "train", data, "--overwrite", "--no-shuffle", "--steps", steps, "--init", start,
        "--threads", 1, "--log-steps", log, "--out", folder / "run")

    with open(log, encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    got = [float(row["loss"]) for row in rows]
    wanted = torch_curve(graph, weights, data, [float(row["lr"]) for row in rows])
    apart = [abs(g - w) / w for g, w in zip(got, wanted)]
    worst = max(range(len(apart)), key=apart.__getitem__)
    print(f"{len(apart)} steps, loss {got[0]:.4f} to {got[-1]:.4f}; furthest apart {apart[worst]:.1e}"
          f" at step {worst}: {got[worst]:.6f}, PyTorch {wanted[worst]:.6f}")
    fell = sum(got[-5:]) < 0.95 * sum(got[:5])
    if not fell or len(got) != steps:
        print(f"wanted {steps} steps in which the loss falls")
    return {"steps": len(got), "first": got[0], "last": sum(got[-5:]) / 5, "apart": apart[worst],
            "limit": TOLERANCE[real], "seed": seed,
            "good": fell and len(got) == steps and apart[worst] <= TOLERANCE[real]}


def main():
    parser = argparse.ArgumentParser()
    for name in ("--cnnc", "--folder"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--real", choices=sorted(TOLERANCE), default="float")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("model")
    options, arguments = parser.parse_known_args()
    if options.data and not (options.data / "train-images-idx3-ubyte.gz").exists():
        print(f"skipped: {options.data} has no data set; install dataset-fashion-mnist")
        sys.exit(77)
    prepare()
    finish(options.folder, check(**vars(options), arguments=arguments))


if __name__ == "__main__":
    main()
