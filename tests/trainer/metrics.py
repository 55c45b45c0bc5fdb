"""metrics.py TOP: figures.json, classes.csv and confusion.csv have the figures that follow from
logits.safetensors, by the formulas of the field."""
import csv
import json
import struct
import sys

import numpy

BINS = 15


def read(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header, data = json.loads(file.read(size)), file.read()
    types = {"F32": "<f4", "I32": "<i4"}
    return {name: numpy.frombuffer(data[slice(*entry["data_offsets"])], types[entry["dtype"]])
            .reshape(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def near(got, wanted, what, tolerance=1e-12):
    wanted = float(wanted)
    assert abs(got - wanted) <= tolerance * max(1, abs(wanted)), f"{what}: {got}, not {wanted}"


def main(top):
    tensors = read("logits.safetensors")
    logits, labels = tensors["logits"].astype(numpy.float64), tensors["labels"]
    with open("figures.json") as file:
        figures = json.load(file)
    images, classes = logits.shape
    shifted = numpy.exp(logits - logits.max(1, keepdims=True))
    probabilities = shifted / shifted.sum(1, keepdims=True)
    predicted, chosen = logits.argmax(1), probabilities.max(1)
    right = predicted == labels

    assert figures["images"] == images
    near(figures["accuracy"], right.mean(), "accuracy")
    near(figures["loss"], -numpy.log(probabilities[numpy.arange(images), labels]).mean(), "loss")
    order = numpy.argsort(-logits, axis=1, kind="stable")[:, :top]
    near(figures["top"]["accuracy"], (order == labels[:, None]).any(1).mean(), "top")

    confusion = numpy.zeros((classes, classes), int)
    numpy.add.at(confusion, (labels, predicted), 1)
    for cell in figures["confusion"]:
        assert confusion[cell["class"], cell["predicted"]] == cell["images"] > 0
    assert sum(cell["images"] for cell in figures["confusion"]) == images
    with open("confusion.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert (numpy.array([row[1:] for row in rows[1:]], int) == confusion).all()

    support, of_class, hits = confusion.sum(1), confusion.sum(0), confusion.diagonal()
    precision, recall = hits / numpy.maximum(of_class, 1), hits / numpy.maximum(support, 1)
    f1 = 2 * hits / numpy.maximum(of_class + support, 1)
    with open("classes.csv", newline="") as file:
        table = list(csv.DictReader(file))
    for name, wanted in (("precision", precision), ("recall", recall), ("f1", f1)):
        for k in range(classes):
            near(figures["classes"][k][name], wanted[k], name)
            near(float(table[k][name]), wanted[k], name, 1e-8)
        near(figures["mean"][name], wanted.mean(), f"mean {name}")
        near(figures["weighted_mean"][name], (wanted * support).sum() / images, f"weighted {name}")

    bin_of = numpy.clip(numpy.ceil(chosen * BINS).astype(int) - 1, 0, BINS - 1)
    error = sum((bin_of == i).mean() * abs(right[bin_of == i].mean() - chosen[bin_of == i].mean())
                for i in range(BINS) if (bin_of == i).any())
    near(figures["calibration"]["ece"], error, "calibration error")
    near(figures["calibration"]["confidence"], chosen.mean(), "confidence")
    for i, entry in enumerate(figures["calibration"]["bins"]):
        assert entry["images"] == (bin_of == i).sum()


main(int(sys.argv[1]))
