"""Writes docs/parity.md from the results of the comparisons in cases.txt: see the script `table`."""

import json
import pathlib
import sys

from common import SOURCE, cases

HEAD = """# Parity with PyTorch

`tests/parity/table` writes this page. It executes the tests `parity.*`
([tests/parity](../tests/parity)) and records their results. {version}. A distance is relative
L2, the largest of all tensors of a net.

A comparison is one training step and one evaluation of a generated program, from random weights and
images. PyTorch computes in double.

- **Parameters**: names, shapes and number are those of
  [reference_nets.py](../tests/parity/reference_nets.py), PyTorch modules written independently of
  `models/`, with torchvision's names. In double, the step of these modules equals that of the graph
  that `cnnc export` writes, to 1e-9. "No reference" marks models that exist for tests only. The
  tests `zoo.*` compare the same names without PyTorch ([tests/zoo/names](../tests/zoo/names)).
- **Layer by layer**: each op gets the program's own values. Limits: outputs (and the loss) 1e-5,
  gradients of parameters 1e-4, running statistics 1e-5.
- **End to end**: PyTorch gets weights and images and nothing else. The limit for outputs, running
  statistics and logits in evaluation mode is 1e-5, or eight times the distance of PyTorch in float
  from PyTorch in double, which stands in brackets. Predicted classes are equal. Gradients have no
  limit here. If a number lies within rounding of 0, or two numbers of a pooling window lie that
  close, float and double decide differently. That moves a gradient by more than 1e-4, in PyTorch as
  here. Layer by layer both decide alike.

Every row is the test `parity.NAME`: `ctest --preset release -R 'parity.NAME$'`.

"""
STEPS = """| name | model | images | parameters | outputs, layer by layer | gradients, layer by layer | outputs, end to end | gradients, end to end | running statistics | evaluation |
|---|---|---|---|---|---|---|---|---|---|
"""
CURVES = """
## Loss curves

Training from the same weights and batches: the largest relative distance of a loss from PyTorch's,
at any step. Training is chaotic: one ReLU that decides otherwise is a difference of 1e-6. From
there curves diverge exponentially, the faster the higher the rate is. PyTorch in float also leaves
PyTorch in double. So the rates in float are low. Programs in double (`--real double`) show the same
at higher rates.

| name | options | steps | loss | furthest apart | limit |
|---|---|---|---|---|---|
"""


def options_of(case, without=()):
    words = [word[2:] for word in case.arguments if word.startswith("-D")]
    return ", ".join(word for word in words if not word.startswith(without)) or "-"


def step_row(case, r):
    def end(group):
        if group not in r["ends"]:
            return "-"
        return f"{r['ends'][group]:.0e} ({r['pytorch'][group]:.0e})"

    options = options_of(case, ("dropout", "aux_dropout", "rate"))
    model = case.model.stem + (f" ({options})" if options != "-" else "")
    parameters = f"{r['parameters']:,}" + (" equal" if r["reference"] else ", no reference")
    cells = [case.name, model, "x".join(map(str, r["images"])), parameters,
             f"{r['layers']['outputs']:.0e}", f"{r['layers']['gradients']:.0e}",
             end("outputs"), end("gradients"), end("running"), end("evaluation")]
    return cells


def curve_row(case, r):
    real = "double, " if "double" in case.arguments else ""
    return [case.name, f"{real}{options_of(case)}, seed {r['seed']}", str(r["steps"]),
            f"{r['first']:.3f} to {r['last']:.3f}", f"{r['apart']:.0e}", f"{r['limit']:.0e}"]


def main():
    tests, rows, versions = pathlib.Path(sys.argv[1]), {"parity": [], "curve": []}, set()
    for case in cases(*rows):
        path = tests / f"parity_{case.name}" / "result.json"
        if not path.exists():
            rows[case.kind].append([case.name, "did not run"])
            continue
        result = json.loads(path.read_text(encoding="ascii"))
        versions.add("PyTorch " + result["version"])
        cells = (step_row if case.kind == "parity" else curve_row)(case, result)
        cells[-1] += "" if result["good"] else " **too far**"
        rows[case.kind].append(cells)
    lines = {kind: "".join(f"| {' | '.join(cells)} |\n" for cells in rows[kind]) for kind in rows}
    text = HEAD.format(version=", ".join(sorted(versions))) + STEPS + lines["parity"] + CURVES + lines["curve"]
    (SOURCE / "docs" / "parity.md").write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
