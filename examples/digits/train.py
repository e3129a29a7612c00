#!/usr/bin/env python3
"""The digits example: trains a small perceptron, quantises it to int8, and writes what the job needs.

    python3 train.py           train, write the files, print the accuracy
    python3 train.py --check   compute expected.csv again from the committed files, print the accuracy

Needs numpy and safetensors; training needs scikit-learn too.
"""

import argparse
import os
import pathlib
import sys
import warnings

import numpy as np
from safetensors.numpy import load_file, save_file

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
        save_file(quantised(*trained(samples, labels), samples), MODEL)
        write_csv(SAMPLES, [f"p{pixel}" for pixel in range(samples.shape[1])], samples)
        write_csv(LABELS, ["class"], labels[:, None])

    samples, labels = read_csv(SAMPLES), read_csv(LABELS)[:, 0]
    classes = classify(load_file(MODEL), samples)
    if not check:
        write_csv(EXPECTED, ["class"], classes[:, None])
    elif not np.array_equal(read_csv(EXPECTED)[:, 0], classes):
        sys.exit(f"{EXPECTED} is not what {MODEL} says")
    right, apart = classes == labels, held_out(len(labels))
    print(f"held out {right[apart].mean():.2%} ({right[apart].sum()} of {apart.sum()}), "
          f"all {right.mean():.2%} ({right.sum()} of {len(right)})")
    if right[apart].mean() < 0.95:
        sys.exit("the held-out accuracy is below 95 %")


def digits():
    """1,797 x 64 pixel counts of 0..16, and the classes."""
    from sklearn.datasets import load_digits
    data = load_digits()
    return data.data.astype(np.int64), data.target


def held_out(rows):
    """Every fourth row is kept from training."""
    return np.arange(rows) % 4 == 3


def trained(samples, labels):
    """Weights (inputs x outputs) and biases of each layer, in floats, for samples as they are."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    warnings.simplefilter("ignore", ConvergenceWarning)  # 200 passes are what is wanted
    seen = ~held_out(len(labels))
    model = MLPClassifier(HIDDEN, alpha=0.1, max_iter=200, tol=0, n_iter_no_change=200, random_state=SEED)
    model.fit(samples[seen] / 16, labels[seen])
    model.coefs_[0] /= 16
    return model.coefs_, model.intercepts_


def quantised(weights, biases, samples):
    """int8 weights of -127..127, int32 biases, and a fixed-point factor from each layer's sums to activations of 0..127.

    An integer activation a stands for a * scale, an integer weight w for w * step; so a sum stands for sum * scale * step.
    The scale of the next activations comes from the largest that the training samples give.
    """
    tensors, scale = {}, 1.0
    activations = samples[~held_out(len(samples))].astype(float)
    for layer, (weight, bias) in enumerate(zip(weights, biases)):
        step = np.abs(weight).max() / 127
        tensors[f"layers.{layer}.weight"] = np.rint(weight / step).astype(np.int8)
        tensors[f"layers.{layer}.bias"] = np.rint(bias / (scale * step)).astype(np.int32)
        if layer + 1 < len(weights):
            activations = np.maximum(activations @ weight + bias, 0)
            next_scale = activations.max() / 127
            tensors[f"layers.{layer}.requant"] = np.array(fixed_point(scale * step / next_scale), np.int64)
            scale = next_scale
    return tensors


def fixed_point(factor):
    """(multiplier, shift) with multiplier / 2^shift nearest to the factor, the multiplier of 31 bits."""
    shift = 30 - int(np.floor(np.log2(factor)))
    multiplier = round(factor * 2**shift)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift - 1
    assert 0 < multiplier < 2**31 and 1 <= shift <= 62
    return multiplier, shift


def classify(tensors, samples):
    """The integer forward pass, as every backend computes it; ties go to the lowest class."""
    activations = samples.astype(np.int64)
    for layer in range(len(HIDDEN) + 1):
        weight = tensors[f"layers.{layer}.weight"].astype(np.int64)
        bias = tensors[f"layers.{layer}.bias"].astype(np.int64)
        assert (127 * np.abs(weight).sum(0) + np.abs(bias)).max() < 2**31
        sums = activations @ weight + bias
        if f"layers.{layer}.requant" in tensors:
            multiplier, shift = (int(value) for value in tensors[f"layers.{layer}.requant"])
            activations = np.clip((sums * multiplier + (1 << (shift - 1))) >> shift, 0, 127)
    return sums.argmax(1)


def write_csv(path, names, rows):
    np.savetxt(path, rows, fmt="%d", delimiter=",", header=",".join(names), comments="")


def read_csv(path):
    return np.loadtxt(path, dtype=np.int64, delimiter=",", skiprows=1, ndmin=2)


if __name__ == "__main__":
    main()
