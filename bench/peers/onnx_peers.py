"""ONNX Runtime and OpenVINO in the race: workers that answer the line protocol of docs/benchmarks.md.

    python3 onnx_peers.py GRAPH.json --mode onnxruntime|openvino --threads T

Both infer alone, in fp32, in a model whose shape is fixed and whose graph they optimise as they like;
denormals are flushed."""

import argparse
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

import numpy
import protocol

MAKER = pathlib.Path(__file__).with_name("onnx_model.py")


def onnxruntime_engine(threads):
    """Its mode, its version, and a function from an ONNX model (its bytes or its path) to one from
    images to logits."""
    import onnxruntime as ort

    def prepare(model):
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda images: session.run(None, {name: images})[0]

    return "cpu", ort.__version__, prepare


def openvino_engine(threads):
    """As above. One stream is all threads on one batch; bf16, which newer processors would take by
    themselves, is not what the others compute."""
    import openvino

    settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": "f32", "CPU_DENORMALS_OPTIMIZATION": True}

    def prepare(model):
        core = openvino.Core()
        request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()

        def infer(images):
            return request.infer([images], share_inputs=True, share_outputs=True)[0]

        return infer

    return "latency", openvino.__version__.split("-")[0], prepare


ENGINES = {"onnxruntime": onnxruntime_engine, "openvino": openvino_engine}


def make_model(graph, count, out):
    """In a process of its own, whose memory is not the engine's."""
    made = subprocess.run([sys.executable, MAKER, graph, str(count), out], text=True,
                          stderr=subprocess.PIPE, check=False)
    if made.returncode != 0:
        raise ValueError(made.stderr.strip().splitlines()[-1])


class Worker:
    def __init__(self, path, prepare):
        self.path, self.prepare = path, prepare
        self.input = protocol.load_graph(path)["input"]
        self.count, self.step = None, None  # images, and what infers them

    def step_for(self, work, count):
        if work != "infer":
            raise ValueError("runs inference alone")
        if count != self.count:
            self.release()
            with tempfile.NamedTemporaryFile(suffix=".onnx") as model:
                make_model(self.path, count, model.name)
                infer = self.prepare(model.name)
            shape = (count, *self.input)
            images = numpy.random.default_rng(2).standard_normal(shape, numpy.float32)
            self.step, self.count = (lambda: infer(images)), count
        return self.step

    def release(self):
        self.count, self.step = None, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph")
    parser.add_argument("--mode", choices=sorted(ENGINES), required=True)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    if not importlib.util.find_spec("onnx"):
        sys.exit("No module named 'onnx'")
    mode, version, prepare = ENGINES[options.mode](options.threads)
    worker = Worker(options.graph, prepare)
    protocol.serve(worker, engine=options.mode, mode=mode, version=version,
                   threads=options.threads)


if __name__ == "__main__":
    main()
