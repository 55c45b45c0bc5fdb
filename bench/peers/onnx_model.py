"""An ONNX model from the graph that `cnnc export` writes: inference, images [N,C,H,W] -> logits.

    python3 onnx_model.py GRAPH.json COUNT OUT.onnx"""

import sys

import numpy
import protocol
from onnx import TensorProto, checker, helper, numpy_helper

OPSET, IR_VERSION = 17, 8
SAME = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "add": "Sum"}
VIEWS = ("pack_input", "reshape", "dropout")  # nothing to do in inference


def initial(graph):
    """Weights by name: the graph's distributions; running statistics as if nothing was seen."""
    random = numpy.random.default_rng(1)
    fill = {"uniform": lambda shape, scale: random.uniform(-scale, scale, shape),
            "normal": lambda shape, scale: random.normal(0, scale, shape),
            "truncated_normal": lambda shape, scale: numpy.clip(random.normal(0, scale, shape), -2, 2),
            "constant": numpy.full,
            "zeros": lambda shape, scale: numpy.zeros(shape)}
    weights = {}
    for value in graph["values"]:
        if value["kind"] == "parameter":
            init = value["init"]
            weights[value["name"]] = fill[init["kind"]](value["shape"], init["scale"])
        elif value["kind"] == "buffer":
            is_variance = value["name"].endswith("running_var")
            weights[value["name"]] = numpy.full(value["shape"], float(is_variance))
    return weights


def _live(graph):
    """The forward nodes that the logits need: no losses, no auxiliary heads."""
    needed, nodes = {graph["output"]}, []
    for node in reversed(graph["nodes"]):
        if node.get("phase", "forward") == "forward" and needed & set(node["outputs"][:1]):
            needed.update(node["inputs"])
            nodes.insert(0, node)
    return nodes


def _window(a):
    kernel = a["kernel"]
    return {"kernel_shape": kernel, "strides": a.get("stride", kernel),
            "pads": 2 * list(a.get("padding", (0, 0)))}


def _adaptive(name, shape, output):
    """Windows of equal size alone: what ONNX has no op for is not a race of the same network."""
    if any(n % m for n, m in zip(shape[2:], output)):
        raise ValueError(f"{name}: ONNX has no adaptive pooling of {shape[2:]} to {output}")
    kernel = [n // m for n, m in zip(shape[2:], output)]
    return {"kernel_shape": kernel, "strides": kernel}


def build(graph, count, weights):
    """For batches of `count` images; weights by name."""
    shapes = {value["name"]: value["shape"] for value in graph["values"]}
    alias = {}  # of values that are another one unchanged
    made, constants = [], {name: tensor.astype(numpy.float32) for name, tensor in weights.items()}

    for node in _live(graph):
        op, a, out, name = node["op"], node["attributes"], node["outputs"][0], node["name"]
        x = [alias.get(value, value) for value in node["inputs"]]

        def add(kind, inputs, out=out, **attributes):
            made.append(helper.make_node(kind, inputs, [out], name=out, **attributes))

        if op in VIEWS:
            alias[out] = x[0]
        elif op in SAME:
            add(SAME[op], x)
        elif op == "conv2d":
            add("Conv", x, dilations=a["dilation"], group=a["groups"], **_window(a))
        elif op == "linear":
            add("Gemm", x, transB=1)
        elif op == "max_pool2d":
            add("MaxPool", x, ceil_mode=int(a["ceil_mode"]), **_window(a))
        elif op == "avg_pool2d":
            if a["ceil_mode"]:
                raise ValueError(f"{name}: the engines do not agree on average pooling in ceil mode")
            add("AveragePool", x, count_include_pad=int(a["count_include_pad"]), **_window(a))
        elif op == "adaptive_avg_pool2d":
            add("AveragePool", x, **_adaptive(name, shapes[node["inputs"][0]], a["output"]))
        elif op == "batch_norm":
            add("BatchNormalization", x, epsilon=float(a["eps"]))
        elif op == "local_response_norm":
            if a["size"] % 2 == 0:
                raise ValueError(f"{name}: ONNX puts a window of {a['size']} channels elsewhere")
            add("LRN", x, size=a["size"], alpha=float(a["alpha"]), beta=float(a["beta"]),
                bias=float(a["k"]))
        elif op == "leaky_relu":
            add("LeakyRelu", x, alpha=float(a["slope"]))
        elif op == "concat":
            add("Concat", x, axis=1)
        elif op == "pad_channels":
            zeros = a["channels"] - shapes[node["inputs"][0]][1]
            constants[f"{out}.pads"] = numpy.array([0, 0, 0, 0, 0, zeros, 0, 0], numpy.int64)
            add("Pad", [x[0], f"{out}.pads"])
        elif op == "flatten":
            add("Flatten", x)
        else:
            raise ValueError(f"no ONNX twin of op '{op}'")

    images = next(v["name"] for v in graph["values"] if v["kind"] == "input")
    output = alias.get(graph["output"], graph["output"])
    used = {name for node in made for name in node.input}
    model = helper.make_model(
        helper.make_graph(
            made, graph["name"],
            [helper.make_tensor_value_info(images, TensorProto.FLOAT, [count, *graph["input"]])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [count, graph["classes"]])],
            [numpy_helper.from_array(tensor, name) for name, tensor in constants.items()
             if name in used]),
        opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    return model.SerializeToString()


def main():
    path, count, out = sys.argv[1:]
    graph = protocol.load_graph(path)
    with open(out, "wb") as file:
        file.write(build(graph, int(count), initial(graph)))


if __name__ == "__main__":
    main()
