#!/usr/bin/env python3
"""The digits example: trains a small perceptron, quantises it to int8, and writes the job's files.

    python3 train.py           train, write the files, print the accuracy
    python3 train.py --check   recompute expected.csv from the committed files, print the accuracy

Needs numpy and safetensors; training needs scikit-learn too.
"""

import argparse
import os
import pathlib
import sys
import warnings

import numpy as np
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from quantised import classify, quantised, read_csv, write_csv

HIDDEN = (128, 64)
SEED = 7
MODEL, SAMPLES, LABELS, EXPECTED = "digits-mlp.safetensors", "digits.csv", "labels.csv", "expected.csv"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only check the committed files")
    check = parser.parse_args().check
    os.chdir(pathlib.Path(__file__).parent)
    if not check:
        samples, labels = digits()
        save_file(quantised(*trained(samples, labels), samples[~held_out(len(samples))]), MODEL)
        write_csv(SAMPLES, [f"p{pixel}" for pixel in range(samples.shape[1])], samples)
        write_csv(LABELS, ["class"], labels[:, None])

    samples, labels = read_csv(SAMPLES), read_csv(LABELS)[:, 0]
    classes = classify(load_file(MODEL), samples)
    if not check:
        write_csv(EXPECTED, ["class"], classes[:, None])
    elif not np.array_equal(read_csv(EXPECTED)[:, 0], classes):
        sys.exit(f"{EXPECTED} differs from what {MODEL} computes")
    right, apart = classes == labels, held_out(len(labels))
    print(f"held out {right[apart].mean():.2%} ({right[apart].sum()} of {apart.sum()}), "
          f"all {right.mean():.2%} ({right.sum()} of {len(right)})")
    if right[apart].mean() < 0.95:
        sys.exit("the held-out accuracy is below 95 %")


def digits():
    """The 1,797 x 64 pixel counts of 0..16, and the classes."""
    from sklearn.datasets import load_digits
    data = load_digits()
    return data.data.astype(np.int64), data.target


def held_out(rows):
    """Marks every fourth row, which is held out from training."""
    return np.arange(rows) % 4 == 3


def trained(samples, labels):
    """Float weights (inputs x outputs) and biases of each layer, for unscaled samples."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    warnings.simplefilter("ignore", ConvergenceWarning)  # 200 passes are what is wanted
    seen = ~held_out(len(labels))
    model = MLPClassifier(HIDDEN, alpha=0.1, max_iter=200, tol=0, n_iter_no_change=200, random_state=SEED)
    model.fit(samples[seen] / 16, labels[seen])
    model.coefs_[0] /= 16
    return model.coefs_, model.intercepts_


if __name__ == "__main__":
    main()
