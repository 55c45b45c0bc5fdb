"""What the parity scripts share."""

import collections
import json
import pathlib
import subprocess
import sys

import torch
from safetensors.torch import load_file, save_file

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "bench" / "peers"))
import torch_model  # noqa: E402  (the race's, so that one interpreter is tested and raced)
from protocol import load_graph  # noqa: E402


Case = collections.namedtuple("Case", "kind name model arguments")


def cases(*kinds):
    """Those of cases.txt; models as absolute paths."""
    for line in (SOURCE / "tests" / "parity" / "cases.txt").read_text(encoding="ascii").splitlines():
        kind, *words = [word.strip() for word in line.split("|")]
        if kind in kinds:
            yield Case(kind, words[0], SOURCE / words[1], words[2].split())


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def graph_arguments(arguments):
    """Those of cnnc's arguments that matter to a graph: it knows no target and no type."""
    return [word for word in arguments if not word.startswith(("--target", "--real"))]


def model_options(arguments):
    """The options of the model among cnnc's arguments, {name: text}, from -Dname=text."""
    return dict(word[2:].split("=", 1) for word in arguments if word.startswith("-D"))


def program_step(cnnc, folder, count, model, arguments):
    """Builds the program and lets it trace a training step of `count` random images. Returns the path
    of the program, the exported graph, and the trace, which is in FOLDER/trace.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    program, graph, trace = (folder / name for name in ("program", "graph.json", "trace.safetensors"))
    run(cnnc, "export", model, *graph_arguments(arguments), "-o", graph)
    run(cnnc, "build", "--keep-values", model, *arguments, "-o", program)
    run(program, "trace", "--count", count, "--threads", 1, "--out", trace)
    return program, load_graph(graph), load_file(trace)


def prepare():
    torch.set_num_threads(1)  # tests run side by side
    torch.use_deterministic_algorithms(True)
    torch.set_flush_denormal(True)


def stored(model):
    """What a checkpoint keeps, {name: tensor}: parameters and running statistics. PyTorch counts
    batches in num_batches_tracked, which nothing of ours needs."""
    return {name: tensor for name, tensor in model.state_dict(keep_vars=True).items()
            if not name.endswith("num_batches_tracked")}


def stored_names(graph):
    """The same names, in the order of the graph."""
    return [v["name"] for v in graph["values"] if v["kind"] in ("parameter", "buffer")]


def heads_of(graph):
    """(name of logits, weight in the loss) of the output and of auxiliary heads."""
    return [(graph["output"], 1)] + [
        (node["inputs"][0], node["attributes"]["loss_weight"]) for node in graph["nodes"]
        if node["attributes"].get("auxiliary")]


def load(model, tensors):
    with torch.no_grad():
        for name, tensor in stored(model).items():
            tensor.copy_(tensors[name])


def finish(folder, result):
    """Leaves the result of a comparison for the table, and ends with 1 if it is not good."""
    result["version"] = torch.__version__.partition("+")[0]
    (folder / "result.json").write_text(json.dumps(result), encoding="ascii")
    sys.exit(0 if result["good"] else 1)


def distance(got, wanted, norm=None):
    """Relative L2 distance; relative to `norm` where it is given."""
    got, wanted = got.double().reshape(wanted.shape), wanted.double()
    norm = wanted.norm().item() if norm is None else norm
    return (got - wanted).norm().item() / (norm if norm > 0 else 1.0)


__all__ = ["SOURCE", "cases", "distance", "finish", "graph_arguments", "heads_of", "load", "load_file",
           "load_graph", "model_options", "prepare", "program_step", "run", "save_file", "stored",
           "stored_names", "torch", "torch_model"]
