"""PyTorch in the race: a worker that answers the line protocol of docs/benchmarks.md.

    python3 pytorch.py GRAPH.json --mode eager|channels_last|compile --threads T

Every mode is given its best: denormals flushed, data ready as float tensors, inference_mode, and the
fastest of the optimiser's implementations that work on this processor. `compile` is inductor with
its slower, better settings (constants frozen for inference, matrix products tuned by trial), with
the faster of the two memory formats."""

import argparse
import gc
import time

import protocol
import torch
import torch_model


def seconds(step, at_least=0.2):
    """Of one step, after a warm one."""
    step()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < at_least:
        step()
        count += 1
    return (time.perf_counter() - start) / count


IMPLEMENTATIONS = [{"fused": True}, {"foreach": True}, {"foreach": False}]  # of optimisers


class Worker:
    def __init__(self, graph, mode):
        self.graph, self.mode, self.compiles = graph, mode, mode == "compile"
        self.key, self.make, self.step = None, None, None  # (work, count); what makes its step; this

    def model(self, memory_format):
        if self.compiles:
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
        guard = torch.no_grad if self.compiles else torch.inference_mode
        if self.compiles:
            model = torch.compile(model)

        def step():
            with guard():
                model(images)

        return step

    def train_step(self, count, memory_format, settings, compiles):
        model, loss = self.model(memory_format)
        images, labels = self.batch(count, memory_format)
        model.train()

        def mean_loss(x, y):
            return loss(model(x), y).mean()

        forward = torch.compile(mean_loss) if compiles else mean_loss
        optimizer = torch_model.optimizer(self.graph, model.parameters(), **settings)

        def step():
            optimizer.zero_grad(set_to_none=True)
            forward(images, labels).backward()
            optimizer.step()

        return step

    def fastest(self, make, choices):
        """The choice whose step make(choice) is fastest. One step is alive at a time, so
        that the memory of a step is what is reported."""
        def trial(choice):
            try:
                return seconds(make(choice))
            except RuntimeError as error:  # an implementation that this release does not have
                if "fused" not in str(error) and "foreach" not in str(error):
                    raise
                return float("inf")
            finally:
                gc.collect()

        return choices[0] if len(choices) == 1 else min(choices, key=trial)

    def best_way(self, work, count):
        """What makes the fastest step."""
        plain, last = torch.contiguous_format, torch.channels_last
        formats = {"eager": [plain], "channels_last": [last], "compile": [plain, last]}[self.mode]
        if work == "infer":
            layout = self.fastest(lambda layout: self.infer_step(count, layout), formats)
            return lambda: self.infer_step(count, layout)
        if any(node["attributes"].get("auxiliary") for node in self.graph["nodes"]):
            raise ValueError("does not train auxiliary heads")
        # The compiler does not see the optimiser, so that one is chosen without it.
        settings = self.fastest(
            lambda settings: self.train_step(count, formats[0], settings, False), IMPLEMENTATIONS)
        layout = self.fastest(
            lambda layout: self.train_step(count, layout, settings, self.compiles), formats)
        return lambda: self.train_step(count, layout, settings, self.compiles)

    def step_for(self, work, count):
        if self.key != (work, count):
            self.release()
            self.make, self.key = self.best_way(work, count), (work, count)
        if not self.step:
            self.step = self.make()
        return self.step

    def release(self):
        self.step = None


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
        config.max_autotune = True
        config.cpp.threads = options.threads
    worker = Worker(protocol.load_graph(options.graph), options.mode)
    protocol.serve(worker, engine="pytorch", mode=options.mode, version=torch.__version__,
                   threads=options.threads)


if __name__ == "__main__":
    main()
