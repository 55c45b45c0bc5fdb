"""A data set in CIFAR-10's binary format that can be learned and needs no network:

    synthetic.py FOLDER

Every class is a wave of its own in each colour, under noise; a quarter of the labels is wrong, so
that no loss gets near 0. The same bytes every time."""

import pathlib
import sys

import numpy

CLASSES, SIDE, TRAINING, TEST = 10, 32, 1280, 40  # images a file


def records(random, waves, count):
    """Bytes of `count` records: a label and an image."""
    truth = random.integers(0, CLASSES, count)
    wrong = random.random(count) < 0.25
    labels = numpy.where(wrong, random.integers(0, CLASSES, count), truth)
    noise = random.normal(0, 25, (count, 3, SIDE, SIDE))
    images = numpy.clip(128 + 50 * waves[truth] + noise, 0, 255).astype(numpy.uint8)
    return numpy.hstack([labels.astype(numpy.uint8)[:, None], images.reshape(count, -1)])


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    random = numpy.random.default_rng(7)
    frequency, phase = random.integers(1, 6, (CLASSES, 3, 2)), random.random((CLASSES, 3))
    y, x = numpy.mgrid[0:SIDE, 0:SIDE] / SIDE
    turns = frequency[..., :1, None] * y + frequency[..., 1:, None] * x + phase[..., None, None]
    waves = numpy.sin(2 * numpy.pi * turns)
    for name, count in [(f"data_batch_{i}", TRAINING) for i in range(1, 6)] + [("test_batch", TEST)]:
        records(random, waves, count).tofile(folder / f"{name}.bin")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]))
