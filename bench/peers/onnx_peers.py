"""ONNX Runtime and OpenVINO in the race: workers that answer the line protocol of docs/benchmarks.md.

    python3 onnx_peers.py GRAPH.json --mode onnxruntime|openvino --threads T

Both infer alone, in fp32, in a model whose shape is fixed and whose graph they optimise as they like;
denormals are flushed."""

import argparse

import numpy
import onnx_model
import protocol


def onnxruntime_engine(threads):
    """Its mode, its version, and a function from an ONNX model to one from images to logits."""
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


class Worker:
    def __init__(self, graph, prepare):
        self.graph, self.prepare = graph, prepare
        self.count, self.chosen = None, None

    def step_for(self, work, count):
        if work != "infer":
            raise ValueError("runs inference alone")
        if count != self.count:
            self.chosen = None
            weights = onnx_model.initial(self.graph)
            infer = self.prepare(onnx_model.build(self.graph, count, weights))
            shape = (count, *self.graph["input"])
            images = numpy.random.default_rng(2).standard_normal(shape, numpy.float32)
            self.chosen, self.count = (lambda: infer(images)), count
        return self.chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("graph")
    parser.add_argument("--mode", choices=sorted(ENGINES), required=True)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    mode, version, prepare = ENGINES[options.mode](options.threads)
    worker = Worker(protocol.load_graph(options.graph), prepare)
    protocol.serve(worker.step_for, engine=options.mode, mode=mode, version=version,
                   threads=options.threads)


if __name__ == "__main__":
    main()
