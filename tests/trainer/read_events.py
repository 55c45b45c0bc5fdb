"""read_events.py WHOLE PARTS: the scalars that TensorBoard finds in two folders of runs are equal,
and those of metrics.csv."""
import csv
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SPEED = ("images_per_s", "train_s", "test_s")
COLUMNS = {"loss/train": "train_loss", "loss/test": "test_loss",
           "accuracy/train": "train_accuracy", "accuracy/test": "test_accuracy",
           "accuracy/test_top5": "test_top5", "loss/test_ema": "ema_test_loss",
           "accuracy/test_ema": "ema_test_accuracy", "lr": "lr", "epoch": "epoch",
           **{name: name for name in SPEED}}


def read(folder):
    events = EventAccumulator(folder, {"scalars": 0})
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)]
            for tag in events.Tags()["scalars"]}


def main(whole, parts):
    curves, others = read(whole), read(parts)
    assert set(curves) == set(others) == set(COLUMNS) | {"step/loss", "step/lr"}, sorted(curves)
    for tag, curve in curves.items():
        # What --steps ended within an epoch is a point of its own.
        other = [point for point in others[tag] if tag.startswith("step/") or point[0] % 2 == 0]
        assert [step for step, _ in curve] == [step for step, _ in other], (tag, curve, other)
        assert tag in SPEED or curve == other, (tag, curve, other)
    assert [step for step, _ in curves["step/loss"]] == list(range(1, 9))
    with open(f"{whole}/metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for tag, column in COLUMNS.items():
        for row, (step, value) in zip(rows, curves[tag], strict=True):
            wanted = float(row[column])
            assert step == 2 * float(row["epoch"]), (tag, step)
            error = 0.06 if tag in SPEED else 1e-6 * max(1e-3, abs(wanted))  # of decimals, of float
            assert abs(value - wanted) <= error, (tag, value, wanted)


main(*sys.argv[1:])
