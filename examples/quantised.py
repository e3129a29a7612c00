"""Shared by the examples with a quantised perceptron: int8 layers, the integer forward pass, csv files of integers."""

import numpy as np


def quantised(weights, biases, samples):
    """Quantises to int8 weights of -127..127, int32 biases, and fixed-point factors from sums to activations of 0..127.

    An integer activation a stands for a * scale and an integer weight w for w * step, so a sum stands for
    sum * scale * step. The scale of the next activations comes from their maximum over the samples.
    """
    tensors, scale = {}, 1.0
    activations = samples.astype(float)
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
    """(multiplier, shift) with multiplier / 2^shift closest to the factor, and a multiplier of 31 bits."""
    shift = 30 - int(np.floor(np.log2(factor)))
    multiplier = round(factor * 2**shift)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift - 1
    assert 0 < multiplier < 2**31 and 1 <= shift <= 62
    return multiplier, shift


def classify(tensors, samples):
    """The class of each sample; ties go to the lowest class."""
    return outputs(tensors, samples).argmax(1)


def outputs(tensors, samples):
    """The integer forward pass as every backend computes it: returns the last layer's sums, bias included."""
    activations, layer = samples.astype(np.int64), 0
    while True:
        weight = tensors[f"layers.{layer}.weight"].astype(np.int64)
        bias = tensors[f"layers.{layer}.bias"].astype(np.int64)
        assert (127 * np.abs(weight).sum(0) + np.abs(bias)).max() < 2**31
        sums = activations @ weight + bias
        if f"layers.{layer}.requant" not in tensors:
            return sums
        multiplier, shift = (int(value) for value in tensors[f"layers.{layer}.requant"])
        activations = np.clip((sums * multiplier + (1 << (shift - 1))) >> shift, 0, 127)
        layer += 1


def write_csv(path, names, rows):
    np.savetxt(path, rows, fmt="%d", delimiter=",", header=",".join(names), comments="")


def read_csv(path):
    return np.loadtxt(path, dtype=np.int64, delimiter=",", skiprows=1, ndmin=2)
