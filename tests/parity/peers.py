"""A peer of the race against PyTorch: the logits of the same weights and images.

    peers.py --cnnc CNNC --folder FOLDER --engine onnxruntime|openvino

Ends with 77, a skipped test, and the reason where the engine is not installed."""

import argparse
import pathlib
import sys

from common import SOURCE, distance, load, load_graph, run, torch, torch_model

TOLERANCE = 1e-4
MODELS = [["models/lenet5.lua"], ["models/resnet20.lua", "-Dsize=16"],
          ["models/googlenet.lua", "-Dsize=64", "-Dclasses=10"],
          ["tests/golden/every_op.lua"], ["tests/golden/norms.lua"]]


def wanted_logits(graph, weights, images):
    model, _ = torch_model.build(graph)
    tensors = {name: torch.from_numpy(tensor).float() for name, tensor in weights.items()}
    load(model, tensors)
    model.eval()
    with torch.no_grad():
        return model(torch.from_numpy(images))


def main():
    parser = argparse.ArgumentParser()
    for name in ("--cnnc", "--folder"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    parser.add_argument("--engine", required=True)
    options = parser.parse_args()
    try:
        import numpy
        import onnx_model
        import onnx_peers
        _, version, prepare = onnx_peers.ENGINES[options.engine](threads=2)
    except ImportError as error:
        print(f"skipped: {error}")
        sys.exit(77)

    options.folder.mkdir(parents=True, exist_ok=True)
    random, wrong = numpy.random.default_rng(3), 0
    for model, *arguments in MODELS:
        path, count = options.folder / "graph.json", 3
        run(options.cnnc, "export", SOURCE / model, *arguments, "-o", path)
        graph = load_graph(path)
        weights = onnx_model.initial(graph)
        for name, tensor in weights.items():  # statistics that say something
            if name.endswith("running_mean"):
                weights[name] = random.uniform(-0.1, 0.1, tensor.shape)
            elif name.endswith("running_var"):
                weights[name] = random.uniform(0.5, 1.5, tensor.shape)
            elif tensor.ndim > 1:  # some nets start so small that images end alike
                weights[name] = random.normal(0, (2 / tensor[0].size) ** 0.5, tensor.shape)
        images = random.standard_normal((count, *graph["input"]), numpy.float32)
        got = prepare(onnx_model.build(graph, count, weights))(images)
        wanted = wanted_logits(graph, weights, images)
        assert wanted.std(0).min() > 0, "all images have the same logits: they prove nothing"
        apart = distance(torch.from_numpy(got.copy()), wanted)
        print(f"{options.engine} {version}: {model} {apart:.1e}")
        wrong += not apart <= TOLERANCE
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
