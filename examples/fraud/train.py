#!/usr/bin/env python3
"""The fraud example: simulates transactions, trains a perceptron, quantises it to int8, and writes the job's files.

    python3 train.py              train, write the files, print the figures
    python3 train.py --check      compute expected.csv again from the committed files, print the figures
    python3 train.py --trial 8 9  the same for other simulations, of these seeds; print their figures as one, write nothing

Needs numpy and safetensors; training needs scikit-learn too.
"""

import argparse
import os
import pathlib
import sys
import warnings
from dataclasses import dataclass

import numpy as np
from safetensors.numpy import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from features import features
from quantised import classify, outputs, quantised, read_csv, write_csv
from simulate import KINDS, transactions

HIDDEN, SEED = (64, 32), 7
AMOUNT_HABIT = 1  # the column of the amount's deviation from the account's habit
WARM_DAYS, HELD_OUT_DAY = 20, 100  # histories are short before the one; from the other on, transactions are held out
MODEL, SAMPLES, LABELS, EXPECTED = "fraud-mlp.safetensors", "transactions.csv", "labels.csv", "expected.csv"
LEAST_PRECISION, LEAST_RECALL = 0.69, 0.62


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only check the committed files")
    parser.add_argument("--trial", type=int, nargs="+", metavar="SEED", help="train and test on other simulations, and write nothing")
    options = parser.parse_args()
    os.chdir(pathlib.Path(__file__).parent)
    if options.check:
        check()
    elif options.trial:
        trial(options.trial)
    else:
        train()


def check():
    tensors, samples, kinds = load_file(MODEL), read_csv(SAMPLES), read_csv(LABELS)[:, 1]
    classes = classify(tensors, samples)
    if not np.array_equal(read_csv(EXPECTED)[:, 0], classes):
        sys.exit(f"{EXPECTED} differs from what {MODEL} computes")
    report(samples, kinds, classes)
    precision, recall, _ = figures(classes == 1, kinds > 0)
    if precision < LEAST_PRECISION or recall < LEAST_RECALL:
        sys.exit(f"precision is below {LEAST_PRECISION:.0%} or recall below {LEAST_RECALL:.0%}")


def train():
    names, tensors, samples, kinds, by_line = held_out(SEED)
    save_file(tensors, MODEL)
    write_csv(SAMPLES, names, samples)
    write_csv(LABELS, ["class", "kind"], np.stack([kinds > 0, kinds], 1))
    classes = classify(tensors, samples)
    write_csv(EXPECTED, ["class"], classes[:, None])
    report(samples, kinds, classes)
    show("logistic regression", figures(by_line, kinds > 0))


def trial(seeds):
    parts = []
    for seed in seeds:
        _, tensors, samples, kinds, by_line = held_out(seed)
        parts.append((samples, kinds, classify(tensors, samples), by_line))
    samples, kinds, classes, by_line = (np.concatenate(part) for part in zip(*parts))
    report(samples, kinds, classes)
    show("logistic regression", figures(by_line, kinds > 0))


def held_out(seed):
    """A simulation's model, its held-out rows, and a logistic regression's predictions for them."""
    data = simulated(seed)
    tensors = with_threshold(quantised(*trained(data), data.samples[data.trains]), data)
    return data.names, tensors, data.samples[data.held_out], data.kinds[data.held_out], linear(data)


@dataclass
class Data:
    """A row for each transaction, and the rows of each set."""
    names: list
    samples: np.ndarray
    kinds: np.ndarray
    trains: np.ndarray
    sets_threshold: np.ndarray
    held_out: np.ndarray

    @property
    def frauds(self):
        return self.kinds > 0


def simulated(seed):
    """Splits by time and by sender: of ten accounts eight train, one sets the threshold, one is held out."""
    past = transactions(seed)
    names, samples = features(past)
    day = np.array([transaction.at for transaction in past]) // 24
    group = np.array([transaction.sender for transaction in past]) % 10
    before = (WARM_DAYS <= day) & (day < HELD_OUT_DAY)
    return Data(names, samples, np.array([transaction.kind for transaction in past]),
                trains=before & (group > 1), sets_threshold=before & (group == 1),
                held_out=(day >= HELD_OUT_DAY) & (group == 0))


def trained(data):
    """Float weights (inputs x outputs) and biases of each layer, for unscaled samples and two outputs."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier
    warnings.simplefilter("ignore", ConvergenceWarning)  # 40 passes are what is wanted
    model = MLPClassifier(HIDDEN, alpha=0.01, batch_size=256, max_iter=40, tol=0, n_iter_no_change=40, random_state=SEED)
    model.fit(data.samples[data.trains] / 127, data.frauds[data.trains])
    weights, biases = model.coefs_, model.intercepts_
    weights[0] /= 127
    # Its one output is the log-odds of fraud. For argmax it becomes the difference of two outputs.
    weights[-1], biases[-1] = np.hstack([-weights[-1], weights[-1]]) / 2, np.hstack([-biases[-1], biases[-1]]) / 2
    return weights, biases


def with_threshold(tensors, data):
    """Puts the threshold into the last bias: argmax is 1 where the difference of the outputs reaches it."""
    sums = outputs(tensors, data.samples[data.sets_threshold])
    least = best_threshold(sums[:, 1] - sums[:, 0], data.frauds[data.sets_threshold])
    tensors[f"layers.{len(HIDDEN)}.bias"][1] += 1 - least  # a tie is class 0
    return tensors


def linear(data):
    """A logistic regression's predictions, with the threshold set on the same rows as the model's."""
    from sklearn.linear_model import LogisticRegression
    model = LogisticRegression(max_iter=1000).fit(data.samples[data.trains] / 127, data.frauds[data.trains])
    scores = model.decision_function(data.samples / 127)
    return (scores >= best_threshold(scores[data.sets_threshold], data.frauds[data.sets_threshold]))[data.held_out]


def report(samples, kinds, classes):
    """Compares the model with scores that need no training; their thresholds are chosen on these same rows."""
    frauds, called = kinds > 0, classes == 1
    print(f"{len(kinds)} transactions, {frauds.sum()} of them frauds ({frauds.mean():.2%}), {called.sum()} called so")
    show("model", figures(called, frauds))
    for kind in range(1, len(KINDS)):
        print(f"  {KINDS[kind]}: {called[kinds == kind].sum()} of {(kinds == kind).sum()} found")
    unusual = np.abs((samples - samples.mean(0)) / np.maximum(samples.std(0), 1e-9)).mean(1)
    show("mean |x| > 0.8", figures(unusual > 0.8, frauds))
    show("mean |x| > best", figures(unusual >= best_threshold(unusual, frauds), frauds))
    amount = samples[:, AMOUNT_HABIT]
    show("amount's z > best", figures(amount >= best_threshold(amount, frauds), frauds))


def show(name, figures):
    precision, recall, f1 = figures
    print(f"{name:20} precision {precision:.1%}, recall {recall:.1%}, F1 {f1:.3f}")


def figures(called, frauds):
    """Precision, recall and F1."""
    found = (called & frauds).sum()
    return found / max(called.sum(), 1), found / frauds.sum(), 2 * found / (called.sum() + frauds.sum())


def best_threshold(scores, frauds):
    """The threshold of the score with the highest F1."""
    return max(np.unique(scores), key=lambda least: figures(scores >= least, frauds)[2])


if __name__ == "__main__":
    main()
