"""One training step of a generated program, and of cnn-generic, against PyTorch.

    parity.py --cnnc CNNC [--generic CNN_GENERIC] --folder FOLDER --count N MODEL.lua [ARGUMENT...]

The program is built with --keep-values and traces a step; PyTorch takes the weights and images from
the trace. Every layer's output must be within 1e-5 and every parameter's gradient within 1e-4 of
PyTorch's (relative L2), the loss within 1e-5. ARGUMENTs go to cnnc (--target=..., -D...)."""

import argparse
import pathlib
import sys

from common import (distance, graph_arguments, load_file, load_graph, load_parameters, prepare, run,
                    torch, torch_model)

VALUE, GRADIENT = 1e-5, 1e-4


def taken_away(graph):
    """Biases in front of a batch norm, which subtracts them: their gradient is 0 but for rounding."""
    normalised = {node["inputs"][0] for node in graph["nodes"] if node["op"] == "batch_norm"}
    return {name for node in graph["nodes"] if node["outputs"][:1] and node["outputs"][0] in normalised
            for name in node["inputs"][2:3]}


def reference(graph, trace):
    """Every value, the loss of every image, and gradients as d<name>, by PyTorch."""
    if any(node["op"] == "dropout" and node["attributes"]["p"] > 0 for node in graph["nodes"]):
        raise SystemExit("parity.py: dropout draws its own numbers; give the model p = 0")
    model, loss = torch_model.build(graph, keep_values=True)
    load_parameters(model, trace)
    scale, shift = (trace[name].view(1, -1, 1, 1) for name in ("scale", "shift"))
    values = model(trace["images"].float() * scale + shift)
    losses = loss(values[graph["output"]], trace["labels"].long())
    for node in graph["nodes"]:  # of auxiliary heads
        if node["attributes"].get("auxiliary"):
            head = loss(values[node["inputs"][0]], trace["labels"].long())
            losses = losses + node["attributes"]["loss_weight"] * head
    losses.mean().backward()
    wanted = {name: value.detach() for name, value in values.items()}
    wanted["loss"] = losses.detach()
    trained = {value["name"] for value in graph["values"] if value.get("trainable", True)}
    trained -= taken_away(graph)
    gradients = {"d" + name: p.grad for name, p in model.named_parameters() if name in trained}
    # A batch is seen once: what the running statistics are then.
    wanted.update({name: b for name, b in model.named_buffers() if b.dim() > 0})
    return wanted, gradients


def compare(title, got, wanted, gradients, required):
    """The number of tensors that are too far; prints all."""
    wrong, compared = 0, 0
    for tensors, tolerance in ((wanted, VALUE), (gradients, GRADIENT)):
        for name, tensor in tensors.items():
            if name not in got:
                if name in required or tolerance == GRADIENT:
                    print(f"{title}: {name} is missing")
                    wrong += 1
                continue
            apart = distance(got[name].reshape(tensor.shape), tensor)
            good = apart <= tolerance
            print(f"{title}: {name:30} {apart:.1e}{'' if good else '  TOO FAR'}")
            compared += 1
            wrong += not good
    print(f"{title}: {compared} tensors compared, {wrong} wrong")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    for name in ("--cnnc", "--folder"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    parser.add_argument("--generic", type=pathlib.Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("model")
    options, arguments = parser.parse_known_args()
    prepare()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    graph_path, trace_path = folder / "graph.json", folder / "trace.safetensors"
    run(options.cnnc, "export", options.model, *graph_arguments(arguments), "-o", graph_path)
    run(options.cnnc, "build", "--keep-values", options.model, *arguments, "-o", folder / "program")
    run(folder / "program", "trace", "--count", options.count, "--threads", 2, "--out", trace_path)
    if options.generic:
        run(options.generic, graph_path, "step", "--threads", 2, "--trace", trace_path,
            "--out", folder / "generic.safetensors")

    graph, trace = load_graph(graph_path), load_file(trace_path)
    wanted, gradients = reference(graph, trace)
    wrong = compare("program", trace, wanted, gradients, {"loss", graph["output"]})
    if options.generic:
        generic = load_file(folder / "generic.safetensors")
        wrong += compare("generic", generic, wanted, gradients, wanted)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
