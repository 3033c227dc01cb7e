"""A contestant's process for PyTorch: the same protocol as contestant.ts."""

import ctypes
import json
import math
import os
import sys
import time

job = json.loads(sys.argv[1])
# Before torch starts its pool.
os.environ["OMP_NUM_THREADS"] = str(job["threads"])

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(job["threads"])


def blas():
    """The BLAS that products run on, and the processor it takes this one for; nothing if it is the slow reference BLAS.

    Debian's PyTorch multiplies with whatever BLAS the system has.
    """
    try:
        with open("/proc/self/maps") as maps:
            files = {line.split()[-1] for line in maps if "/" in line}
    except OSError:
        return "unknown BLAS"
    for name, title in (("openblas", "OpenBLAS"), ("mkl", "MKL"), ("blis", "BLIS"), ("atlas", "ATLAS")):
        for file in files:
            if name not in os.path.basename(file):
                continue
            if name != "openblas":
                return title
            core = ctypes.CDLL(file).openblas_get_corename
            core.restype = ctypes.c_char_p
            return f"{title} {core().decode()}"
    return None


used_blas = blas()
if used_blas is None:
    sys.exit("it multiplies with the reference BLAS here; install a fast one (Debian: libopenblas0-pthread)")

task = job["task"]
CLASSES, LABEL_SETS, SAMPLES, WARM_UP = 10, 8, 1000, 400


def read(name, dtype="f32"):
    kind = {"f32": numpy.float32, "i32": numpy.int32}[dtype]
    return torch.from_numpy(numpy.fromfile(os.path.join(job["folder"], f"{name}.{dtype}"), kind))


def make_layer(layer):
    kind = layer["kind"]
    if kind == "dense":
        made = torch.nn.Linear(layer["inputs"], layer["units"])
        weight = read(f"{layer['name']}.weight").reshape(layer["inputs"], layer["units"]).T.contiguous()
    elif kind == "conv":
        k = layer["kernel"]
        made = torch.nn.Conv2d(layer["channels"], layer["filters"], k, padding=(k - 1) // 2)
        weight = read(f"{layer['name']}.weight").reshape(made.weight.shape)
    else:
        return {"maxPool": lambda: torch.nn.MaxPool2d(2), "relu": torch.nn.ReLU, "flatten": torch.nn.Flatten}[kind]()
    with torch.no_grad():
        made.weight.copy_(weight)
        made.bias.copy_(read(f"{layer['name']}.bias"))
    return made


def make_network(network):
    made = torch.nn.Sequential(*map(make_layer, network["layers"]))
    # Convolutions are faster so.
    return made.to(memory_format=torch.channels_last) if len(network["image"]) > 1 else made


def images_of(network):
    images = read("images").reshape(task["batch"], *network["image"])
    return images.contiguous(memory_format=torch.channels_last) if images.dim() == 4 else images


def train():
    network = make_network(task["network"])
    images = images_of(task["network"])
    labels = read("labels", "i32").long().reshape(LABEL_SETS, task["batch"])
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    turn = 0

    def step():
        nonlocal turn
        loss = F.cross_entropy(network(images), labels[turn % LABEL_SETS])
        turn += 1
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def infer():
    network = make_network(task["network"]).eval()
    images = images_of(task["network"])
    return lambda: network(images)


def gemm():
    a, b = (read(name).reshape(task["size"], task["size"]) for name in "ab")
    return lambda: a @ b


def elementwise():
    x = read("x")
    return lambda: torch.tanh(0.7 * x + 0.3) * torch.sigmoid(x) + torch.relu(x)


def softmax():
    x = read("x").reshape(task["rows"], task["columns"])
    return lambda: torch.softmax(x, 1)


def check(step):
    if task["kind"] == "train":
        return [step() for _ in range(task["checkedSteps"])]
    data = step().reshape(-1)
    count = min(len(data), SAMPLES)
    return data[[index * len(data) // count for index in range(count)]].tolist()


def burst(step, milliseconds):
    """Milliseconds of a step, over steps that take at least so long together."""
    start = time.perf_counter()
    steps = passed = 0
    while passed < milliseconds:
        step()
        steps += 1
        passed = (time.perf_counter() - start) * 1000
    return passed / steps


def answer(message):
    print(json.dumps(message), flush=True)


torch.set_grad_enabled(task["kind"] == "train")
step = {"train": train, "infer": infer, "gemm": gemm, "elementwise": elementwise, "softmax": softmax}[task["kind"]]()
version = f"{torch.__version__} ({used_blas})"
if job["once"]:
    step()
    answer({"version": version})
    sys.exit()
started = time.perf_counter()
values = [value if math.isfinite(value) else None for value in check(step)]
burst(step, max(1, WARM_UP - (time.perf_counter() - started) * 1000))
answer({"version": version, "values": values})
for line in sys.stdin:
    answer({"milliseconds": burst(step, json.loads(line)["burst"])})
