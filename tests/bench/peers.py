"""Times products with numpy (OpenBLAS) and onnxruntime on one thread, as peers of our kernels.

Reads a line of JSON per run, {"peer": …, "m": …, "k": …, "n": …}, and answers with the milliseconds and the SHA-256 of the
result, so that a caller can let contenders take turns and compare their results. Operands are the caller's: SplitMix64, see
crates/core/src/random.rs. Needs numpy, onnx and onnxruntime (PyPI), and cupy for cuBLAS on a machine with CUDA.
"""

import functools
import hashlib
import json
import os
import sys
import time

for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

try:
    import cupy
except ImportError:
    cupy = None

SEED_A, SEED_B = 1, 2
ORT_OPSET, ORT_IR = 21, 10


def draws(seed, count):
    """The top bits of SplitMix64's numbers."""
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.uint64(0x9E3779B97F4A7C15) * np.arange(1, count + 1, dtype=np.uint64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


@functools.cache
def integers(m, k, n):
    """A with values of 0..127, B of -127..127."""
    a = (draws(SEED_A, m * k) >> np.uint64(57)).astype(np.uint8).reshape(m, k)
    b = (draws(SEED_B, k * n) >> np.uint64(56)).astype(np.uint8).view(np.int8)
    return a, np.maximum(b, -127).reshape(k, n)


@functools.cache
def floats(m, k, n):
    """Whole numbers of -8..7, whose sums of products are exact in f32."""
    whole = lambda seed, count: ((draws(seed, count) >> np.uint64(56)).astype(np.uint8).view(np.int8) >> 4).astype(np.float32)
    return whole(SEED_A, m * k).reshape(m, k), whole(SEED_B, k * n).reshape(k, n)


@functools.cache
def session(operator, types, m, k, n):
    left, right, result = types
    names = [helper.make_tensor_value_info(*spec) for spec in (("A", left, (m, k)), ("B", right, (k, n)), ("C", result, (m, n)))]
    graph = helper.make_graph([helper.make_node(operator, ["A", "B"], ["C"])], "product", names[:2], names[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", ORT_OPSET)], ir_version=ORT_IR)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def onnxruntime(operator, types, a, b):
    run = session(operator, types, *a.shape, b.shape[1])
    return lambda: run.run(None, {"A": a, "B": b})[0]


def contender(peer, m, k, n):
    if peer == "ort u8 x i8":
        a, b = integers(m, k, n)
        return onnxruntime("MatMulInteger", (TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32), a, b)
    if peer == "ort i8 x i8":
        a, b = integers(m, k, n)
        return onnxruntime("MatMulInteger", (TensorProto.INT8, TensorProto.INT8, TensorProto.INT32), a.view(np.int8), b)
    a, b = floats(m, k, n)
    if peer == "cublas f32":
        # Transfers are included, as in ours. cuBLAS does not use TF32 by default.
        right = cupy.asarray(b)
        return lambda: cupy.asnumpy(cupy.asarray(a) @ right)
    if peer == "ort f32":
        return onnxruntime("MatMul", (TensorProto.FLOAT,) * 3, a, b)
    return lambda: a @ b


def main():
    versions = {"numpy": np.__version__, "onnxruntime": ort.__version__}
    if cupy is not None:
        versions["cublas"] = f"by cupy {cupy.__version__}"
    print(json.dumps(versions), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        compute = contender(order["peer"], order["m"], order["k"], order["n"])
        began = time.perf_counter()
        result = compute()
        ms = (time.perf_counter() - began) * 1e3
        # Turns -0 into 0.
        result = (result + 0).astype(result.dtype.newbyteorder("<"))
        print(json.dumps({"ms": ms, "sha256": hashlib.sha256(result.tobytes()).hexdigest()}), flush=True)


if __name__ == "__main__":
    main()
