#!/usr/bin/env python3
"""The matrix example: two random int8 matrices, and a check of their product.

    python3 make.py                 write A.npy and B.npy beside this script
    python3 make.py --check C.npy   compare C.npy with numpy's answer

Needs numpy.
"""

import argparse
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
SEED = 2048


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=2048, help="rows and columns (default 2048)")
    parser.add_argument("--check", metavar="C.npy", type=pathlib.Path, help="the result to check")
    options = parser.parse_args()
    if options.check:
        check(np.load(options.check))
    else:
        make(options.size)


def make(size):
    random = np.random.default_rng(SEED)
    for name in ["A.npy", "B.npy"]:
        np.save(HERE / name, random.integers(-128, 128, (size, size), np.int8))
        print(f"wrote {HERE / name}: {size} x {size} int8")


def check(result):
    a, b = (np.load(HERE / name) for name in ["A.npy", "B.npy"])
    # Exact in float64, because no sum comes near 2^53, and much faster than in integers.
    expected = (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)
    if result.dtype != np.int32 or result.shape != expected.shape:
        sys.exit(f"C is {result.dtype} {result.shape} and should be int32 {expected.shape}")
    wrong = np.argwhere(result != expected)
    if len(wrong):
        row, col = wrong[0]
        sys.exit(f"C[{row}, {col}] is {result[row, col]} and should be {expected[row, col]}; {len(wrong)} values are wrong")
    print(f"C equals numpy's A @ B in all {result.size} values")


if __name__ == "__main__":
    main()
