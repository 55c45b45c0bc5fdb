"""A PyTorch model from the graph that `cnnc export` writes, for the race and for the parity tests."""

import torch
from torch import fx, nn
from torch.nn import functional as F


def _module_for(root, path):
    """The module at a dotted path, made on the way."""
    for part in path:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root._modules[part]
    return root


def _pair(attributes, key, default):
    return tuple(attributes.get(key, (default, default)))


def _squared_error(logits, labels):
    onehot = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
    return 0.5 * ((logits - onehot) ** 2).sum(1)


def _pool(attributes):
    kernel = _pair(attributes, "kernel", 1)
    return {
        "kernel_size": kernel,
        "stride": tuple(attributes.get("stride", kernel)),
        "padding": _pair(attributes, "padding", 0),
        "ceil_mode": attributes.get("ceil_mode", False),
    }


def build(graph, keep_values=False):
    """Two modules that share parameters: the network (images -> logits), and the loss (logits,
    labels -> one loss an image). The parameters have their names in the graph and are left
    uninitialised. With keep_values the network returns a dict of all its values by name instead.

    The modules are fx.GraphModules: their forward is straight code, one call an op, with nothing
    interpreted at run time."""
    root, loss_root = nn.Module(), nn.Module()
    shapes = {value["name"]: value for value in graph["values"]}
    code, nodes = fx.Graph(), {}
    # What a batch_norm module holds by itself.
    held = {name for node in graph["nodes"] if node["op"] == "batch_norm"
            for name in node["inputs"][1:]}

    def read(name):
        if name not in nodes:
            value = shapes[name]
            if value["kind"] == "parameter":
                *path, leaf = name.split(".")
                owner = _module_for(root, path)
                owner.register_parameter(leaf, nn.Parameter(torch.empty(value["shape"])))
                nodes[name] = code.get_attr(name)
            else:
                raise ValueError(f"value '{name}' is read before it is made")
        return nodes[name]

    images = next(v["name"] for v in graph["values"] if v["kind"] == "input")
    nodes[images] = code.placeholder("images")
    loss = None
    for index, node in enumerate(graph["nodes"]):
        if node.get("phase", "forward") != "forward":
            continue
        op, a, out = node["op"], node.get("attributes", {}), node["outputs"][0]
        if op in ("softmax_cross_entropy", "squared_error"):
            if not a.get("auxiliary", False):  # what forward returns does not hold other heads
                loss = node
            continue
        x = [read(name) for name in node["inputs"] if name not in held]
        bias = x[2] if op in ("conv2d", "linear") and len(x) > 2 else None
        if op in ("pack_input", "reshape"):
            nodes[out] = x[0]
        elif op == "conv2d":
            settings = (_pair(a, "stride", 1), _pair(a, "padding", 0), _pair(a, "dilation", 1))
            nodes[out] = code.call_function(
                F.conv2d, (x[0], x[1], bias, *settings, a.get("groups", 1)))
        elif op == "linear":
            nodes[out] = code.call_function(F.linear, (x[0], x[1], bias))
        elif op == "max_pool2d":
            nodes[out] = code.call_function(F.max_pool2d, (x[0],), _pool(a))
        elif op == "avg_pool2d":
            settings = dict(_pool(a), count_include_pad=a.get("count_include_pad", True))
            nodes[out] = code.call_function(F.avg_pool2d, (x[0],), settings)
        elif op == "adaptive_avg_pool2d":
            nodes[out] = code.call_function(F.adaptive_avg_pool2d, (x[0], tuple(a["output"])))
        elif op == "batch_norm":
            *path, leaf = node["inputs"][1].split(".")[:-1]
            channels = shapes[node["inputs"][1]]["shape"][0]
            _module_for(root, path).add_module(
                leaf, nn.BatchNorm2d(channels, eps=a["eps"], momentum=a["momentum"]))
            nodes[out] = code.call_module(".".join([*path, leaf]), (x[0],))
        elif op == "local_response_norm":
            nodes[out] = code.call_function(
                F.local_response_norm, (x[0], a["size"], a["alpha"], a["beta"], a["k"]))
        elif op == "leaky_relu":
            nodes[out] = code.call_function(F.leaky_relu, (x[0], a["slope"]))
        elif op == "concat":
            nodes[out] = code.call_function(torch.cat, (x, 1))
        elif op == "pad_channels":
            zeros = a["channels"] - shapes[node["inputs"][0]]["shape"][1]
            nodes[out] = code.call_function(F.pad, (x[0], (0, 0, 0, 0, 0, zeros)))
        elif op in ("relu", "tanh", "sigmoid"):
            nodes[out] = code.call_function(getattr(torch, op), (x[0],))
        elif op == "dropout":
            root.add_module(f"dropout_{index}", nn.Dropout(a.get("p", 0.5)))
            nodes[out] = code.call_module(f"dropout_{index}", (x[0],))
        elif op == "add":
            total = x[0]
            for term in x[1:]:
                total = code.call_function(torch.add, (total, term))
            nodes[out] = total
        elif op == "flatten":
            nodes[out] = code.call_function(torch.flatten, (x[0], 1))
        else:
            raise ValueError(f"no PyTorch twin of op '{op}'")
    if keep_values:
        made = {v["name"] for v in graph["values"] if v["kind"] == "activation"}
        code.output({name: value for name, value in nodes.items() if name in made})
    else:
        code.output(nodes[graph["output"]])

    loss_code = fx.Graph()
    logits, labels = loss_code.placeholder("logits"), loss_code.placeholder("labels")
    if loss["op"] == "squared_error":
        loss_code.output(loss_code.call_function(_squared_error, (logits, labels)))
    else:
        smoothing = loss.get("attributes", {}).get("label_smoothing", 0.0)
        settings = {"reduction": "none", "label_smoothing": smoothing}
        loss_code.output(loss_code.call_function(F.cross_entropy, (logits, labels), settings))
    return fx.GraphModule(root, code), fx.GraphModule(loss_root, loss_code)


def optimizer(graph, parameters, **settings):
    """The recipe's optimiser; settings go to torch.optim (fused, foreach, lr...)."""
    recipe = graph["recipe"]["optimizer"]
    settings = {"lr": recipe["lr"], "weight_decay": recipe["weight_decay"], **settings}
    if recipe["kind"] in ("adam", "adamw"):
        kind = torch.optim.Adam if recipe["kind"] == "adam" else torch.optim.AdamW
        betas = (recipe["beta1"], recipe["beta2"])
        return kind(parameters, betas=betas, eps=recipe["eps"], **settings)
    if recipe["kind"] == "rmsprop":
        settings = {"alpha": recipe["alpha"], "eps": recipe["eps"],
                    "momentum": recipe["momentum"], "centered": recipe["centered"], **settings}
        return torch.optim.RMSprop(parameters, **settings)
    return torch.optim.SGD(parameters, momentum=recipe["momentum"], nesterov=recipe["nesterov"],
                           **settings)


def initialize(graph, model):
    """Parameters from their initialisers: the graph's distributions, other numbers."""
    by_name = dict(model.named_parameters())
    fill = {"uniform": lambda parameter, scale: parameter.uniform_(-scale, scale),
            "normal": lambda parameter, scale: parameter.normal_(0.0, scale),
            "truncated_normal": lambda parameter, scale: nn.init.trunc_normal_(
                parameter, 0.0, scale, -2.0, 2.0),
            "constant": lambda parameter, scale: parameter.fill_(scale),
            "zeros": lambda parameter, scale: parameter.zero_()}
    with torch.no_grad():
        for value in graph["values"]:
            if value["kind"] == "parameter":
                init = value["init"]
                fill[init["kind"]](by_name[value["name"]], init["scale"])
