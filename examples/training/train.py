#!/usr/bin/env python3
"""Trains a perceptron on the digits with gradients that miners compute and a coordinator verifies.

    python3 train.py                       train with `adit submit gradient`, print the accuracy after each step
    python3 train.py --check               the same, and compare every gradient with numpy's, value by value
    python3 train.py --local               compute the gradients with numpy alone

Every step quantises the float weights to int8, has the gradient of the squared error computed over three quarters of the
digits, and moves the weights against it. The last quarter is held out. Needs numpy and safetensors and, except for --local,
a coordinator with miners, which `cargo xtask up` starts. `--adit` names the program; ADIT_SERVER and ADIT_DATA apply to it.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from safetensors.numpy import load_file, save_file

DIGITS = pathlib.Path(__file__).parent.parent / "digits"
HIDDEN, CLASSES, SEED = 32, 10, 5
RATE, MOMENTUM = 0.2, 0.9
PIXEL = 1 / 16  # what one step of a pixel stands for
UNIT = 1 / 64  # what one step of a prediction stands for: a target of 1 is 64


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--adit", default="adit", help="the program")
    parser.add_argument("--local", action="store_true", help="compute the gradients here")
    parser.add_argument("--check", action="store_true", help="compare every gradient with numpy's")
    options = parser.parse_args()
    samples, labels = read("digits.csv"), read("labels.csv")[:, 0]
    held_out = np.arange(len(labels)) % 4 == 3
    targets = np.where(np.arange(CLASSES) == labels[:, None], 64, 0)
    model = Model(samples.shape[1])
    for step in range(1, options.steps + 1):
        tensors, scales = model.quantised(samples[~held_out])
        batch = (tensors, samples[~held_out], targets[~held_out])
        gradient = numpys(*batch) if options.local else mined(options.adit, *batch)
        if options.check and any(not np.array_equal(gradient[name], value) for name, value in numpys(*batch).items()):
            sys.exit("a mined gradient differs from numpy's")
        model.step(gradient, scales, (~held_out).sum())
        right = model.classify(samples[held_out]) == labels[held_out]
        error = gradient["squared_error"][0] * UNIT**2 / (~held_out).sum()
        print(f"step {step}: squared error {error:.3f} a sample, held out {right.mean():.2%}", flush=True)


def read(name):
    return np.loadtxt(DIGITS / name, delimiter=",", skiprows=1, dtype=np.int64, ndmin=2)


class Model:
    """Float weights and biases, sent quantised to int8."""

    def __init__(self, inputs):
        random = np.random.default_rng(SEED)
        # Small initial predictions, so that none is clamped.
        shapes = [(inputs, HIDDEN, 1), (HIDDEN, CLASSES, 0.1)]
        self.weights = [random.normal(0, size * (2 / k) ** 0.5, (k, n)) for k, n, size in shapes]
        self.biases = [np.zeros(n) for _, n, _ in shapes]
        self.speed = [np.zeros_like(part) for part in self.weights + self.biases]

    def classify(self, samples):
        hidden = np.maximum(samples * PIXEL @ self.weights[0] + self.biases[0], 0)
        return (hidden @ self.weights[1] + self.biases[1]).argmax(axis=1)

    def quantised(self, samples):
        """The file's tensors, and the scales of each layer's activations and errors."""
        steps = [np.abs(weight).max() / 127 for weight in self.weights]
        integers = [np.rint(weight / step).astype(np.int8) for weight, step in zip(self.weights, steps)]
        hidden = np.maximum(samples * PIXEL @ self.weights[0] + self.biases[0], 0)
        activation = hidden.max() / 127
        # Errors of the last layer are about 1 at most; those of the hidden layer, that times a column of weights.
        error = np.abs(self.weights[1]).sum(axis=1).max() / 127
        tensors = {}
        for layer, (scale, into) in enumerate([(PIXEL, activation), (activation, UNIT)]):
            tensors[f"layers.{layer}.weight"] = integers[layer]
            tensors[f"layers.{layer}.bias"] = np.rint(self.biases[layer] / (scale * steps[layer])).astype(np.int32)
            tensors[f"layers.{layer}.requant"] = fixed(scale * steps[layer] / into)
        tensors["layers.1.back"] = fixed(UNIT * steps[1] / error)
        return tensors, [(PIXEL, error), (activation, UNIT)]

    def step(self, gradient, scales, count):
        weights = [gradient[f"layers.{layer}.weight"] * a * e / count for layer, (a, e) in enumerate(scales)]
        biases = [gradient[f"layers.{layer}.bias"] * e / count for layer, (_, e) in enumerate(scales)]
        for index, (part, slope) in enumerate(zip(self.weights + self.biases, weights + biases)):
            self.speed[index] = MOMENTUM * self.speed[index] - RATE * slope
            part += self.speed[index]


def fixed(factor):
    """The multiplier and shift with multiplier / 2^shift = factor."""
    shift = min(62, 30 - int(np.floor(np.log2(factor))))
    return np.array([np.rint(factor * 2.0**shift), shift], dtype=np.int64)


def mined(program, tensors, samples, targets):
    with tempfile.TemporaryDirectory() as folder:
        model, x, t, out = (str(pathlib.Path(folder) / name) for name in ["m.safetensors", "x.csv", "t.npy", "g.safetensors"])
        save_file(tensors, model)
        np.savetxt(x, samples, fmt="%d", delimiter=",")
        np.save(t, targets.astype(np.int8))
        # A demonstration, because checking so little work costs about as much as computing it.
        order = [program, "submit", "gradient", "--model", model, "--input", x, "--targets", t, "-o", out, "--demo", "--json"]
        done = subprocess.run(order, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)
        return load_file(out)


def numpys(tensors, samples, targets):
    """The gradient in numpy, by the description in crates/core/src/kernel/gradient.rs."""
    layers = range(len([name for name in tensors if name.endswith("weight")]))
    weights = [tensors[f"layers.{layer}.weight"].astype(np.int64) for layer in layers]
    values = [samples]
    for layer in layers:
        sums = values[-1] @ weights[layer] + tensors[f"layers.{layer}.bias"]
        low = -127 if layer == layers[-1] else 0
        values.append(scaled(sums, tensors[f"layers.{layer}.requant"], low))
    error = values.pop() - targets
    gradient = {"squared_error": np.array([(error**2).sum()])}
    error = np.clip(error, -127, 127)
    for layer in reversed(layers):
        gradient[f"layers.{layer}.weight"] = values[layer].T @ error
        gradient[f"layers.{layer}.bias"] = error.sum(axis=0)
        if layer > 0:
            back = scaled(error @ weights[layer].T, tensors[f"layers.{layer}.back"], -127)
            error = np.where((values[layer] > 0) & (values[layer] < 127), back, 0)
    return gradient


def scaled(sums, scale, low):
    multiplier, shift = (int(part) for part in scale)
    return np.clip((sums * multiplier + (1 << (shift - 1))) >> shift, low, 127)


if __name__ == "__main__":
    main()
