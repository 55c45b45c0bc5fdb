"""What the parity scripts share."""

import pathlib
import subprocess
import sys

import torch
from safetensors.torch import load_file

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "bench" / "peers"))
import torch_model  # noqa: E402  (the race's, so that one interpreter is tested and raced)
from protocol import load_graph  # noqa: E402


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def graph_arguments(arguments):
    """Those of cnnc's arguments that matter to a graph: it knows no target and no type."""
    return [word for word in arguments if not word.startswith(("--target", "--real"))]


def prepare(threads=2):
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    torch.set_flush_denormal(True)


def load_parameters(model, tensors):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[name])


def distance(got, wanted):
    """Relative L2 distance."""
    got, wanted = got.double(), wanted.double()
    norm = wanted.norm().item()
    return (got - wanted).norm().item() / (norm if norm > 0 else 1.0)


__all__ = ["distance", "graph_arguments", "load_file", "load_graph", "load_parameters", "prepare",
           "run", "torch", "torch_model"]
