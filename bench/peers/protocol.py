"""The line protocol of docs/benchmarks.md, for workers in Python."""

import ctypes
import gc
import json
import resource
import sys
import time


def peak_kb():
    """The most memory that the process ever held; Linux's VmHWM."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def load_graph(path):
    with open(path, encoding="utf-8") as file:
        graph = json.load(file)
    if graph.get("format") != "cnnc-graph" or graph.get("version") != 1:
        raise ValueError(f"{path}: not a cnnc-graph of version 1")
    return graph


def answer(words, worker):
    if words == ["release"]:
        worker.release()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        return "ok"
    if len(words) != 4 or words[0] != "run" or words[1] not in ("train", "infer"):
        raise ValueError("must be 'run train|infer COUNT STEPS', 'release' or 'quit'")
    count, steps = int(words[2]), int(words[3])
    if count < 1 or steps < 1:
        raise ValueError("COUNT and STEPS must be at least 1")
    step = worker.step_for(words[1], count)
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return f"ok {(time.perf_counter() - start) / steps:.9g} {peak_kb()}"


def serve(worker, **ready):
    """Reports that it is ready, then answers lines. worker.step_for(work, count) returns the function that
    does one step, the same for the same work and count; after worker.release() it holds little memory,
    and may have to prepare the step again."""
    print("ready", json.dumps({**ready, "releases": True}, separators=(",", ":")), flush=True)
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            break
        try:
            print(answer(words, worker), flush=True)
        except Exception as error:  # pylint: disable=broad-except: the race prints whatever it was
            text = " ".join(str(error).split()) or type(error).__name__
            print(f"error {text[:400]}", flush=True)
