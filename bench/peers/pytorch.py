"""PyTorch in the race: a worker that answers the line protocol of docs/benchmarks.md.

    python3 pytorch.py GRAPH.json --mode eager|channels_last|compile --threads T

Every mode is given its best: denormals flushed, data ready as float tensors, inference_mode, and the
fastest of the optimiser's implementations that work on this processor. `compile` is inductor with
its slower, better settings (constants frozen for inference), and takes the faster of the two memory
formats."""

import argparse
import functools
import gc
import json
import resource
import sys
import time

import torch
import torch_model


def peak_kb():
    """The most memory that the process ever held; Linux's VmHWM."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def seconds(step, at_least=0.2):
    """Of one step, after a warm one."""
    step()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < at_least:
        step()
        count += 1
    return (time.perf_counter() - start) / count


class Worker:
    def __init__(self, graph, mode):
        self.graph, self.mode = graph, mode
        self.key, self.chosen = None, None  # (work, count) and its step

    def model(self, memory_format):
        if self.mode == "compile":
            torch._dynamo.reset()  # shapes seen before would make it compile for any shape
        torch.manual_seed(1)
        model, loss = torch_model.build(self.graph)
        torch_model.initialize(self.graph, model)
        return model.to(memory_format=memory_format), loss

    def batch(self, count, memory_format):
        torch.manual_seed(2)
        images = torch.randn(count, *self.graph["input"]).contiguous(memory_format=memory_format)
        return images, torch.arange(count) % self.graph["classes"]

    def infer_step(self, count, memory_format):
        model, _ = self.model(memory_format)
        images, _ = self.batch(count, memory_format)
        model.eval()
        # Freezing wants no_grad: inference tensors cannot become constants.
        guard = torch.no_grad if self.mode == "compile" else torch.inference_mode
        if self.mode == "compile":
            model = torch.compile(model)

        def step():
            with guard():
                model(images)

        return step

    def train_step(self, count, memory_format, settings):
        model, loss = self.model(memory_format)
        images, labels = self.batch(count, memory_format)
        model.train()

        def mean_loss(x, y):
            return loss(model(x), y).mean()

        forward = torch.compile(mean_loss) if self.mode == "compile" else mean_loss
        optimizer = torch_model.optimizer(self.graph, model.parameters(), **settings)

        def step():
            optimizer.zero_grad(set_to_none=True)
            forward(images, labels).backward()
            optimizer.step()

        return step

    def ways(self, work, count):
        """Functions that make a step: memory formats, and for training the optimiser's
        implementations."""
        plain, last = torch.contiguous_format, torch.channels_last
        formats = {"eager": [plain], "channels_last": [last], "compile": [plain, last]}[self.mode]
        if work == "infer":
            return [functools.partial(self.infer_step, count, layout) for layout in formats]
        implementations = [{"fused": True}, {"foreach": True}, {"foreach": False}]
        return [functools.partial(self.train_step, count, layout, settings)
                for layout in formats for settings in implementations]

    def fastest(self, ways):
        """One way is alive at a time, so that the memory of a step is what is reported."""
        def trial(way):
            try:
                return seconds(way())
            except RuntimeError as error:  # an implementation that this release does not have
                if "fused" not in str(error) and "foreach" not in str(error):
                    raise
                return float("inf")
            finally:
                gc.collect()

        return ways[0] if len(ways) == 1 else min(ways, key=trial)

    def step(self, work, count):
        if self.key != (work, count):
            self.chosen = None
            self.chosen, self.key = self.fastest(self.ways(work, count))(), (work, count)
        return self.chosen

    def run(self, work, count, steps):
        if work not in ("train", "infer") or count < 1 or steps < 1:
            raise ValueError("wants 'run train|infer COUNT STEPS'")
        step = self.step(work, count)
        start = time.perf_counter()
        for _ in range(steps):
            step()
        return (time.perf_counter() - start) / steps


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph")
    parser.add_argument("--mode", choices=["eager", "channels_last", "compile"], default="eager")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    if options.mode == "compile":
        from torch._inductor import config
        config.freezing = True
        config.cpp.threads = options.threads
    worker = Worker(torch_model.load_graph(options.graph), options.mode)
    ready = {"engine": "pytorch", "mode": options.mode, "version": torch.__version__,
             "threads": options.threads}
    print("ready", json.dumps(ready, separators=(",", ":")), flush=True)
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            break
        try:
            if len(words) != 4 or words[0] != "run":
                raise ValueError("wants 'run train|infer COUNT STEPS' or 'quit'")
            spent = worker.run(words[1], int(words[2]), int(words[3]))
            print(f"ok {spent:.9g} {peak_kb()}", flush=True)
        except Exception as error:  # pylint: disable=broad-except: the race prints whatever it was
            text = " ".join(str(error).split()) or type(error).__name__
            print(f"error {text[:400]}", flush=True)


if __name__ == "__main__":
    main()
