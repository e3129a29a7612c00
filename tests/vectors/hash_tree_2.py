"""An independent implementation of hash_tree/2, which made its frozen digests.

    python3 tests/vectors/hash_tree_2.py          # prints the vectors as Rust
    python3 tests/vectors/hash_tree_2.py --check  # compares with crates/core/src/kind/hash_tree_2.rs

Needs nothing but Python. Leaves, root and generator are those of kernels.py.
"""

import hashlib
import pathlib
import re
import struct
import sys

MASK = (1 << 64) - 1
LEAF = 16_384
PRESENT, ABSENT, UNKNOWN = 1, 2, 3
VECTORS = [
    ("states of 1 byte, present", 18, 1, 1, [PRESENT]),
    ("states of 1 byte, absent", 19, 1, 1, [ABSENT]),
    ("states of 32,769 bytes, the last byte unknown", 20, 32_769, 32_768, [PRESENT, UNKNOWN]),
    ("states of 200,000 bytes in four blocks", 21, 200_000, 50_000, [PRESENT, ABSENT, UNKNOWN, PRESENT]),
]


def generated(state, count):
    """The top byte of each of SplitMix64's numbers."""
    data = bytearray()
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        data.append((z ^ (z >> 31)) >> 56)
    return bytes(data)


def root(leaves):
    """RFC 6962, section 2.1, over hashes of leaves."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + root(leaves[:split]) + root(leaves[split:])).digest()


def output(seed, size, block_bytes, states):
    """A byte for each block, then every leaf, then the root. What is not present has leaves of zeros."""
    data = generated(seed, size)
    blocks = [data[start:start + block_bytes] for start in range(0, size, block_bytes)]
    assert len(blocks) == len(states)
    leaves = []
    for block, state in zip(blocks, states):
        for start in range(0, len(block), LEAF):
            chunk = block[start:start + LEAF]
            head = b"\0" + bytes([seed] * 16) + struct.pack("<QI", len(leaves), len(chunk))
            leaves.append(hashlib.sha256(head + chunk).digest() if state == PRESENT else bytes(32))
    return bytes(states) + b"".join(leaves) + root(leaves)


def digests():
    for name, *vector in VECTORS:
        yield name, vector, hashlib.sha256(output(*vector)).hexdigest()


def rust():
    for name, (seed, size, block_bytes, states), digest in digests():
        yield (
            f'    StatesVector {{\n        name: "{name}",\n        seed: {seed},\n        bytes: {size},\n'
            f"        block_bytes: {block_bytes},\n        states: &{states},\n"
            f'        sha256: digest("{digest}"),\n    }},'
        )


def check():
    source = pathlib.Path(__file__).parents[2] / "crates/core/src/kind/hash_tree_2.rs"
    committed = re.findall(r'digest\("([0-9a-f]{64})"\)', source.read_text())
    computed = [digest for *_, digest in digests()]
    assert committed == computed, "the frozen digests are not those of this implementation"
    print(f"{len(computed)} digests agree")


if __name__ == "__main__":
    check() if "--check" in sys.argv else print("\n".join(rust()))
