"""Optimisers, schedules, clipping, batches in parts and averaged weights against PyTorch.

    recipe.py --cnnc CNNC --folder FOLDER

Trains recipe.lua and the same network in PyTorch from the same weights on the same images, and
compares loss and learning rate of every update, and the weights at the end."""

import argparse
import csv
import pathlib
import shutil
import struct
import subprocess
import sys

import numpy as np
import torch
from safetensors.torch import load_file, save_file

EPOCHS, IMAGES, BATCH = 5, 24, 8
F = torch.nn.functional
lr_scheduler = torch.optim.lr_scheduler


def optimizer_of(name, parameters):
    o = torch.optim
    return {
        "sgd": lambda p: o.SGD(p, lr=0.1, weight_decay=0.01),
        "momentum": lambda p: o.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01),
        "nesterov": lambda p: o.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
        "adam": lambda p: o.Adam(p, lr=0.01, weight_decay=0.01),
        "adamw": lambda p: o.AdamW(p, lr=0.01, weight_decay=0.5),
        "rmsprop": lambda p: o.RMSprop(p, lr=0.002, weight_decay=0.01),
        "rmsprop_all": lambda p: o.RMSprop(
            p, lr=0.002, alpha=0.9, momentum=0.8, centered=True, eps=1e-3
        ),
    }[name](parameters)


def schedule_of(name, optimizer, per_epoch):
    """A schedule that is stepped after every update; None for plateau and constant."""
    s, total = lr_scheduler, EPOCHS * per_epoch

    def after_warmup(steps, start, schedule):
        warm = s.LinearLR(optimizer, start_factor=start, total_iters=steps)
        return s.SequentialLR(optimizer, [warm, schedule], milestones=[steps])

    if name == "step":
        return s.StepLR(optimizer, 2 * per_epoch, gamma=0.5)
    if name == "multi_step":
        later = s.MultiStepLR(optimizer, [per_epoch, 3 * per_epoch], gamma=0.3)
        return after_warmup(per_epoch, 0.01, later)
    if name == "exponential":  # once an epoch
        later = s.StepLR(optimizer, per_epoch, gamma=0.7)
        return after_warmup(round(0.5 * per_epoch), 0.1, later)
    if name == "polynomial":
        return s.PolynomialLR(optimizer, total, power=2)
    if name == "cosine":
        later = s.CosineAnnealingLR(optimizer, total - per_epoch, eta_min=0.001)
        return after_warmup(per_epoch, 0.01, later)
    if name in ("one_cycle", "one_cycle_momentum"):
        return s.OneCycleLR(
            optimizer,
            max_lr=optimizer.param_groups[0]["lr"],
            total_steps=total,
            pct_start=0.4,
            div_factor=10,
            final_div_factor=100,
            cycle_momentum=name == "one_cycle_momentum",
            base_momentum=0.8,
            max_momentum=0.95,
        )
    return None


def train_in_torch(start, images, labels, optimizer, schedule, clip, batch):
    weights = {k: v.clone().requires_grad_() for k, v in start.items()}
    averaged = {k: v.clone() for k, v in start.items()}
    opt = optimizer_of(optimizer, list(weights.values()))
    per_epoch = -(-IMAGES // batch)
    scheduler = schedule_of(schedule, opt, per_epoch)
    plateau = None
    if schedule == "plateau":
        plateau = lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=0, threshold=0.5)
    x = (images.reshape(IMAGES, 16).float() / 255 - 0.5) / 0.25
    rows = []
    for _ in range(EPOCHS):
        total = 0.0
        for first in range(0, IMAGES, batch):
            part, wanted = x[first : first + batch], labels[first : first + batch]
            hidden = torch.tanh(F.linear(part, weights["fc1.weight"], weights["fc1.bias"]))
            logits = F.linear(hidden, weights["fc2.weight"], weights["fc2.bias"])
            loss = F.cross_entropy(logits, wanted)
            opt.zero_grad()
            loss.backward()
            if clip == "norm":
                torch.nn.utils.clip_grad_norm_(list(weights.values()), 0.2)
            if clip == "value":
                torch.nn.utils.clip_grad_value_(list(weights.values()), 0.02)
            rate = opt.param_groups[0]["lr"]
            opt.step()
            with torch.no_grad():
                for name, value in weights.items():
                    decay = min(0.8, (1 + len(rows)) / (10 + len(rows)))
                    averaged[name].lerp_(value, 1 - decay)
            if scheduler:
                scheduler.step()
            rows.append((loss.item(), rate))
            total += loss.item() * len(part)
        if plateau:
            plateau.step(total / IMAGES)
    return rows, {k: v.detach() for k, v in weights.items()}, averaged


def write_data(folder, images, labels):
    folder.mkdir()
    for part in ("train", "t10k"):
        with open(f"{folder}/{part}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">4I", 0x803, IMAGES, 4, 4) + images.numpy().tobytes())
        with open(f"{folder}/{part}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">2I", 0x801, IMAGES))
            file.write(labels.numpy().astype(np.uint8).tobytes())


def difference(got, wanted):
    return max((got[k] - wanted[k]).norm().item() / wanted[k].norm().item() for k in wanted)


def check(build, work, start, images, labels, case):
    optimizer, schedule, clip, batch = case
    defines = [f"optimizer={optimizer}", f"schedule={schedule}", f"clip={clip}"]
    program = f"{work}/recipe"
    options = [word for define in defines for word in ("-D", define)]
    subprocess.run([*build, *options, "-o", program], check=True)
    command = [program, "train", f"{work}/data", "--overwrite", "--init", f"{work}/start.safetensors"]
    command += ["--no-shuffle", "--batch", str(batch), "--threads", "2"]
    command += ["--out", f"{work}/run", "--log-steps", f"{work}/log"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with open(f"{work}/log", encoding="ascii") as file:
        got = [(float(row["loss"]), float(row["lr"])) for row in csv.DictReader(file)]
    rows, weights, averaged = train_in_torch(
        start, images, labels, optimizer, schedule, clip, batch
    )
    assert len(got) == len(rows), (len(got), len(rows))
    loss = max(abs(a[0] - b[0]) / b[0] for a, b in zip(got, rows))
    rate = max(abs(a[1] - b[1]) / b[1] for a, b in zip(got, rows))
    last = difference(load_file(f"{work}/run/last.safetensors"), weights)
    mean = difference(load_file(f"{work}/run/ema.safetensors"), averaged)
    good = loss < 1e-4 and rate < 1e-6 and last < 1e-4 and mean < 1e-4
    print(
        f"{optimizer:12} {schedule:18} {clip or '-':6} batch {batch:2}: "
        f"loss {loss:.1e}  lr {rate:.1e}  weights {last:.1e}  average {mean:.1e}"
        f"{'' if good else '  TOO FAR'}",
        flush=True,
    )
    return good


def main():
    parser = argparse.ArgumentParser()
    for name in ("--cnnc", "--folder"):
        parser.add_argument(name, required=True, type=pathlib.Path)
    options = parser.parse_args()
    work = options.folder
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    torch.manual_seed(1)
    shapes = {"fc1.weight": (8, 16), "fc1.bias": (8,), "fc2.weight": (3, 8), "fc2.bias": (3,)}
    start = {name: 0.4 * torch.randn(shape) for name, shape in shapes.items()}
    images = torch.randint(0, 256, (IMAGES, 4, 4), dtype=torch.uint8)
    labels = torch.randint(0, 3, (IMAGES,))
    cases = [(o, "constant", "", BATCH) for o in ("sgd", "momentum", "nesterov", "adam")]
    cases += [(o, "constant", "", BATCH) for o in ("adamw", "rmsprop", "rmsprop_all")]
    schedules = ("step", "multi_step", "exponential", "polynomial", "cosine", "one_cycle")
    cases += [("momentum", s, "", BATCH) for s in (*schedules, "plateau")]
    cases += [("momentum", "constant", c, BATCH) for c in ("norm", "value")]
    cases += [("adam", "one_cycle", "", 20), ("sgd", "constant", "norm", 24)]
    cycling = ("momentum", "nesterov", "adam", "adamw", "rmsprop_all")
    cases += [(o, "one_cycle_momentum", "", BATCH) for o in cycling]
    write_data(work / "data", images, labels)
    save_file(start, work / "start.safetensors")
    model = pathlib.Path(__file__).parent / "recipe.lua"
    build = [options.cnnc, "build", "--target", "scalar", model]
    results = [check(build, work, start, images, labels, case) for case in cases]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
