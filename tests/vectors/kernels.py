"""An independent implementation of the kernels (numpy, i64), which made the frozen digests.

    python3 tests/vectors/kernels.py          # prints the start-up set as Rust
    python3 tests/vectors/kernels.py --check  # compares with crates/core/src/vectors.rs and vectors/others.rs

Needs numpy (PyPI). Generator, shapes and rounding are described there, in kernel.rs and in kernel/.
"""

import hashlib
import pathlib
import re
import struct
import sys

import numpy as np

MASK = (1 << 64) - 1
REQUANT = (1_518_500_250, 40)
VECTORS = [
    ("matmul 1x1x1", 1, 1, [1, 1]),
    ("matmul 3x7x5", 2, 3, [7, 5]),
    ("matmul 1x129x1", 3, 1, [129, 1]),
    ("matmul 33x257x65", 4, 33, [257, 65]),
    ("matmul 5x1024x40", 5, 5, [1024, 40]),
    ("mlp 7 rows 64-32-16-10", 6, 7, [64, 32, 16, 10]),
    ("mlp 33 rows 31-17-9", 7, 33, [31, 17, 9]),
]
GRADIENTS = [
    ("gradient 7 rows 64-32-16-10", 8, 7, [64, 32, 16, 10]),
    ("gradient 33 rows 31-17", 9, 33, [31, 17]),
    ("gradient 130 rows 19-40-23", 10, 130, [19, 40, 23]),
]
FLOATS = [
    ("floats 1x1x1", 11, 1, 1, 1),
    ("floats 3x33x17", 12, 3, 33, 17),
    ("floats 21x1024x39", 13, 21, 1024, 39),
]
TREES = [
    ("tree of 1 byte", 14, 1, 1),
    ("tree of 32,769 bytes", 15, 32_769, 32_768),
    ("tree of 200,000 bytes", 16, 200_000, 50_000),
    ("tree of 150,000 bytes", 17, 150_000, 150_000),
]


class Generator:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def signed(self, count):
        top = np.array([self.next() >> 56 for _ in range(count)], dtype=np.int64)
        return np.where(top > 127, top - 256, top)

    def weights(self, count):
        return np.maximum(self.signed(count), -127)

    def activations(self, count):
        return np.array([self.next() >> 57 for _ in range(count)], dtype=np.int64)


def scale(sums, low):
    multiplier, shift = REQUANT
    wide = [(int(s) * multiplier + (1 << (shift - 1))) >> shift for s in sums.flatten()]
    return np.clip(np.array(wide, dtype=np.int64), low, 127).reshape(sums.shape)


def requant(sums):
    return scale(sums, 0)


def output(seed, rows, dims):
    values = Generator(seed)
    alone = len(dims) == 2
    count = rows * dims[0]
    left = (values.signed(count) if alone else values.activations(count)).reshape(rows, dims[0])
    sums = []
    for k, n in zip(dims, dims[1:]):
        weights = (values.signed(k * n) if alone else values.weights(k * n)).reshape(k, n)
        bias = 0 if alone else values.signed(n) * 64
        sums.append(left @ weights)
        left = requant(sums[-1] + bias)
    return np.concatenate(sums, axis=1).astype("<i4").tobytes()


def gradient(seed, rows, dims):
    """Backpropagation of the squared error, tensor by tensor as crates/core/src/kernel/gradient.rs lists them."""
    values = Generator(seed)
    acts = [values.activations(rows * dims[0]).reshape(rows, dims[0])]
    weights, sums = [], []
    for k, n in zip(dims, dims[1:]):
        weights.append(values.weights(k * n).reshape(k, n))
        bias = values.signed(n) * 64
        sums.append(acts[-1] @ weights[-1])
        acts.append(requant(sums[-1] + bias))
    targets = values.weights(rows * dims[-1]).reshape(rows, dims[-1])
    error = np.clip(scale(sums[-1] + bias, -127) - targets, -127, 127)
    back, after = [], [acts[-2].T @ error]
    for layer in range(len(weights) - 1, 0, -1):
        back.append(error @ weights[layer].T)
        inside = (acts[layer] > 0) & (acts[layer] < 127)
        error = np.where(inside, scale(back[-1], -127), 0)
        after.insert(0, acts[layer - 1].T @ error)
    by_row = np.concatenate(sums + back, axis=1)
    return b"".join(tensor.astype("<i4").tobytes() for tensor in [by_row, *after])


def floats(seed, rows, k, n):
    """A product of whole numbers, which f32 holds exactly."""
    values = Generator(seed)
    a, b = values.signed(rows * k).reshape(rows, k), values.signed(k * n).reshape(k, n)
    return (a @ b).astype("<f4").tobytes()


def tree(seed, size, block_bytes):
    """Leaves of 16 KiB within each block, then the root by RFC 6962, section 2.1, word for word."""
    data = bytes(int(value) & 255 for value in Generator(seed).signed(size))
    blocks = [data[start:start + block_bytes] for start in range(0, size, block_bytes)]
    chunks = [block[start:start + 16_384] for block in blocks for start in range(0, len(block), 16_384)]
    head = lambda index, chunk: b"\0" + bytes([seed] * 16) + struct.pack("<QI", index, len(chunk))
    leaves = [hashlib.sha256(head(index, chunk) + chunk).digest() for index, chunk in enumerate(chunks)]
    return b"".join(leaves) + root(leaves)


def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def others():
    for name, seed, *shape in FLOATS:
        yield "FloatVector", name, seed, zip(("rows", "k", "n"), shape), hashlib.sha256(floats(seed, *shape)).hexdigest()
    for name, seed, *shape in TREES:
        yield "TreeVector", name, seed, zip(("bytes", "block_bytes"), shape), hashlib.sha256(tree(seed, *shape)).hexdigest()


def all_vectors():
    yield from ((vector, False, output) for vector in VECTORS)
    yield from ((vector, True, gradient) for vector in GRADIENTS)


def digests():
    for (name, seed, rows, dims), is_gradient, compute in all_vectors():
        yield name, seed, rows, dims, is_gradient, hashlib.sha256(compute(seed, rows, dims)).hexdigest()


def rust():
    for name, seed, rows, dims, is_gradient, digest in digests():
        yield (
            f'    Vector {{\n        name: "{name}",\n        seed: {seed},\n        rows: {rows},\n'
            f'        dims: &{dims},\n        gradient: {str(is_gradient).lower()},\n'
            f'        sha256: digest("{digest}"),\n    }},'
        )
    for kind, name, seed, shape, digest in others():
        fields = "".join(f"        {field}: {value},\n" for field, value in shape)
        yield (
            f'    {kind} {{\n        name: "{name}",\n        seed: {seed},\n{fields}'
            f'        sha256: digest("{digest}"),\n    }},'
        )


def check():
    source = pathlib.Path(__file__).parents[2] / "crates/core/src"
    text = "".join((source / name).read_text() for name in ("vectors.rs", "vectors/others.rs"))
    committed = re.findall(r'digest\("([0-9a-f]{64})"\)', text)
    computed = [digest for *_, digest in [*digests(), *others()]]
    assert committed == computed, "the frozen digests are not those of this implementation"
    print(f"{len(computed)} digests agree")


if __name__ == "__main__":
    check() if "--check" in sys.argv else print("\n".join(rust()))
