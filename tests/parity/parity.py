"""One training step and one evaluation of a generated program, and the step of cnn-generic, against
PyTorch.

    parity.py --cnnc CNNC [--generic CNN_GENERIC] --folder FOLDER --count N MODEL.lua [ARGUMENT...]

The program is built with --keep-values and traces a step of N random images; PyTorch gets weights
and images from the trace, and computes in double. ARGUMENTs go to cnnc (--target=..., -Dname=value).

1. The module of reference_nets.py, where the zoo has the net, must have the same parameters, and its
   step must be that of the exported graph, which torch_model.py executes, to 1e-9: so the Lua file is
   that architecture.
2. Layer by layer: every op of the graph gets the program's own values. Its output, the loss and
   running statistics must be within 1e-5 of the program's (relative L2), and the gradient of every
   parameter within 1e-4.
3. End to end: PyTorch gets nothing but weights and images. Outputs, loss, running statistics and, in
   evaluation mode, logits must be within 1e-5, the predicted classes equal. Rounding adds up in a
   deep net; there, eight times PyTorch's own distance in float is allowed: Winograd
   convolutions of 3x3 round some eight times as much as plain sums.
   Gradients are printed and not judged, for there nobody in float can promise 1e-4: a last bit decides
   on which side of a relu a number is, or which of two is the maximum, and that moves a gradient by
   far more than rounding does. 2. judges them, where both decide alike."""

import argparse
import pathlib

import reference_nets
from common import (distance, finish, heads_of, load, load_file, model_options, prepare, program_step,
                    run, save_file, stored, stored_names, torch, torch_model)

LIMITS = {"outputs": 1e-5, "gradients": 1e-4, "running": 1e-5, "evaluation": 1e-5}
SAME = 1e-9  # two computations in double
ROUNDING = 8  # times PyTorch's own


def norms_of_lost(graph, gradients):
    """Biases in front of a batch norm, which subtracts them, have a gradient of 0 but for rounding.
    Their distance is taken relative to the gradient of the weights beside them."""
    normalised = {node["inputs"][0] for node in graph["nodes"] if node["op"] == "batch_norm"}
    layers = [node for node in graph["nodes"]
              if node["outputs"][:1] and node["outputs"][0] in normalised and len(node["inputs"]) > 2]
    return {node["inputs"][2]: gradients[node["inputs"][1]].norm().item() for node in layers
            if node["inputs"][1] in gradients}


class LayerByLayer(torch.fx.Interpreter):
    """Runs torch_model's network with the values of a program: what an op returns is kept in `values`
    and then replaced by what the program has for it, but for its derivative. A relu lets through what
    the program let through."""

    def __init__(self, model, program):
        super().__init__(model)
        (kept,) = next(node.args for node in model.graph.nodes if node.op == "output")
        self.names = {node: name for name, node in kept.items()}
        self.program, self.values = program, {}

    def run_node(self, node):
        result = super().run_node(node)
        name = self.names.get(node)
        if name is None:
            return result
        self.values[name] = result.detach()
        if name not in self.program:
            return result
        value = self.program[name].to(result.dtype).reshape(result.shape)
        if node.target is torch.relu:
            result = self.env[node.args[0]] * (value > 0)
        return result + (value - result).detach()


def pytorch_step(model, loss, trace, forward, dtype):
    """What a training step and then an evaluation give, {group: {name: tensor}}. forward(model, images)
    gives values by name, and [(logits, weight in the loss)]."""
    model = model.to(dtype).train()
    statistics = {name: torch.full_like(tensor, float(name.endswith("var")))  # before the step
                  for name, tensor in model.named_buffers() if name in stored(model)}
    load(model, {**trace, **statistics})
    scale, shift = (trace[name].to(dtype).view(1, -1, 1, 1) for name in ("scale", "shift"))
    images, labels = trace["images"].to(dtype) * scale + shift, trace["labels"].long()
    values, logits = forward(model, images)
    losses = sum(weight * loss(value, labels) for value, weight in logits)
    losses.mean().backward()
    kept = stored(model)
    step = {"outputs": {name: value.detach() for name, value in values.items()},
            "gradients": {name: p.grad for name, p in kept.items() if p.grad is not None},
            "running": {name: kept[name].clone() for name in statistics}}
    step["outputs"]["loss"] = losses.detach()
    load(model, trace)
    with torch.no_grad():
        step["evaluation"] = {"logits": forward(model.eval(), images)[1][0][0]}
    return step


def step_of_graph(graph, trace, dtype=torch.float64, layer_by_layer=False):
    model, loss = torch_model.build(graph, keep_values=True)
    for value in graph["values"]:
        if not value.get("trainable", True):
            model.get_parameter(value["name"]).requires_grad_(False)

    def forward(model, images):
        interpreter = LayerByLayer(model, trace if layer_by_layer and model.training else {})
        result = interpreter.run(images)
        return interpreter.values, [(result[name], weight) for name, weight in heads_of(graph)]

    return pytorch_step(model, loss, trace, forward, dtype)


def step_of_module(name, module, graph, trace):
    weight = reference_nets.AUX_WEIGHT.get(name)

    def forward(model, images):
        logits, auxiliary = model(images)
        return {graph["output"]: logits}, [(logits, 1), *((aux, weight) for aux in auxiliary)]

    return pytorch_step(module, torch_model.build(graph)[1], trace, forward, torch.float64)


def is_the_architecture(name, module, graph, trace, exact):
    """Whether the module has the graph's parameters and, in double, its step."""
    wanted = {key: list(tensor.shape) for key, tensor in stored(module).items()}
    got = {key: list(trace[key].shape) for key in stored_names(graph)}
    for key in sorted(wanted.keys() | got.keys()):
        if wanted.get(key) != got.get(key):
            print(f"{key}: {got.get(key)} in the graph, {wanted.get(key)} in reference_nets.py")
    if wanted != got:
        return False
    count = sum(p.numel() for p in module.parameters())
    print(f"reference: {len(got)} tensors of the same names and shapes, {count:,} parameters")
    step = step_of_module(name, module, graph, trace)
    apart = {f"{group} {key}": d for group, by_name in distances(step, exact, graph).items()
             for key, d in by_name.items()}
    furthest = max(apart, key=apart.get)
    print(f"reference: in double, {len(apart)} tensors are at most {apart[furthest]:.1e} apart "
          f"({furthest})")
    return len(apart) == sum(map(len, step.values())) and apart[furthest] <= SAME


def traced(tensors, exact):
    """The tensors of a trace, in the groups of PyTorch's step."""
    gradients = {name: tensors["d" + name] for name in exact["gradients"] if "d" + name in tensors}
    return {"outputs": tensors, "gradients": gradients, "running": tensors}


def distances(got, wanted, graph):
    """{group: {name: distance}} of what both have."""
    lost = norms_of_lost(graph, wanted["gradients"])
    return {group: {name: distance(got[group][name], tensor,
                                   lost.get(name) if group == "gradients" else None)
                    for name, tensor in wanted[group].items() if name in got[group]}
            for group in got if group in wanted}


def missing(title, got, wanted, required):
    """How many tensors are not there; of outputs only the `required`: the compiler fuses some away."""
    names = [name for group in got for name in wanted[group] if name not in got[group]
             and (group != "outputs" or name in required)]
    for name in names:
        print(f"{title}: {name} is missing")
    return len(names)


def judge(title, apart, limits):
    """Prints distances, and returns how many are further than the limit of their group, if it has one."""
    wrong = 0
    for group, by_name in apart.items():
        limit = limits.get(group, float("inf"))
        for name, d in by_name.items():
            far = not d <= limit
            print(f"{title}: {group} {name:40} {d:.1e}{f'  MORE THAN {limit:.1e}' if far else ''}")
            wrong += far
    return wrong


def worst(apart):
    return {group: max(by_name.values()) for group, by_name in apart.items() if by_name}


def compare(title, got, exact, pinned, own, graph, required):
    """got: of a program; exact, pinned: PyTorch's, end to end and layer by layer; own: distances of
    PyTorch in float. Returns the worst distances, layer by layer and end to end, and whether all is
    well."""
    layers = {group: got[group] for group in got if group != "evaluation"}
    by_layer, free = distances(layers, pinned, graph), distances(got, exact, graph)
    allowed = {group: max(LIMITS[group], ROUNDING * own.get(group, 0)) for group in LIMITS}
    del allowed["gradients"]
    wrong = missing(title, got, exact, required)
    wrong += judge(f"{title}, layer by layer", by_layer, LIMITS)
    wrong += judge(f"{title}, end to end", free, allowed)
    compared = sum(len(by_name) for by_name in free.values())
    for name, found in (("layer by layer", worst(by_layer)), ("end to end", worst(free)),
                        ("PyTorch in float", own)):
        print(f"{title}: worst {name}: " + ", ".join(f"{g} {d:.1e}" for g, d in found.items()))
    print(f"{title}: {compared} tensors compared, {wrong} wrong")
    return worst(by_layer), worst(free), wrong == 0


def evaluate(program, folder, graph, trace):
    """The program's inference with the trace's weights and images."""
    weights, answer = folder / "weights.safetensors", folder / "answer.safetensors"
    save_file({name: trace[name] for name in stored_names(graph)}, weights)
    run(program, "trace", "--infer", "--weights", weights, "--images", folder / "trace.safetensors",
        "--threads", 1, "--out", answer)
    return load_file(answer)


def check(cnnc, generic, folder, count, model, arguments):
    """Returns {what: ...} for the table: worst distances by group, numbers in parameters, whether all is
    well."""
    program, graph, trace = program_step(cnnc, folder, count, model, arguments)
    if any(node["op"] == "dropout" and node["attributes"]["p"] > 0 for node in graph["nodes"]):
        raise SystemExit("parity.py: dropout draws its own numbers; give the model p = 0")
    exact = step_of_graph(graph, trace)
    pinned = step_of_graph(graph, trace, layer_by_layer=True)
    own = worst(distances(step_of_graph(graph, trace, torch.float32), exact, graph))

    good, name = True, pathlib.Path(model).stem
    module = reference_nets.build(name, model_options(arguments))
    if module is None:
        print(f"reference: {name} is not of the zoo: nothing but its own graph to compare with")
    else:
        good = is_the_architecture(name, module, graph, trace, exact)

    answer = evaluate(program, folder, graph, trace)
    predicted = exact["evaluation"]["logits"].argmax(1)
    if not torch.equal(answer["predicted"].long(), predicted):
        print(f"evaluation: predicts {answer['predicted'].tolist()}, PyTorch {predicted.tolist()}")
        good = False
    got = {**traced(trace, exact), "evaluation": {"logits": answer["logits"]}}
    by_layer, free, right = compare("program", got, exact, pinned, own, graph,
                                    {"loss", graph["output"]})
    good = good and right
    if generic:  # which has no evaluation mode
        answer = folder / "generic.safetensors"
        run(generic, folder / "graph.json", "step", "--threads", 1,
            "--trace", folder / "trace.safetensors", "--out", answer)
        got = traced(load_file(answer), exact)
        pinned = step_of_graph(graph, {**trace, **got["outputs"]}, layer_by_layer=True)
        good = compare("generic", got, exact, pinned, own, graph, exact["outputs"])[2] and good
    for path in folder.glob("*.safetensors"):  # gigabytes, of the large nets
        path.unlink()
    return {"layers": by_layer, "ends": free, "pytorch": own, "good": good,
            "reference": module is not None, "images": trace["images"].shape,
            "parameters": sum(trace[name].numel() for name in exact["gradients"])}


def main():
    parser = argparse.ArgumentParser()
    for name in ("--cnnc", "--folder"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    parser.add_argument("--generic", type=pathlib.Path)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("model")
    options, arguments = parser.parse_known_args()
    prepare()
    finish(options.folder, check(**vars(options), arguments=arguments))


if __name__ == "__main__":
    main()
