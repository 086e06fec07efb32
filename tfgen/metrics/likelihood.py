"""Units of likelihood, and what the simplest models reach."""

import math

import numpy as np


def bits_per_dim(nats, shape: tuple[int, ...]):
    """-ln p(x) in nats (number, array or tensor) to bits per dimension: of an image, nats / (H W C ln 2)."""
    return nats / (math.prod(shape) * math.log(2.0))


def markov_bits(train: np.ndarray, test: np.ndarray, levels: int) -> dict[str, float]:
    """Bits per sample of sequences int [N, T] under counts of the training sequences.

    Args:
      train, test: levels 0 .. levels - 1.
    Returns:
      "uniform" (log2 levels), "independent" (each sample by its frequency) and "first_order_markov" (given the sample
      before it; the first one by frequency). Every count begins at 1.
    """
    singles = np.bincount(train.ravel(), minlength=levels) + 1.0
    pairs = np.ones([levels, levels])
    np.add.at(pairs, (train[:, :-1].ravel(), train[:, 1:].ravel()), 1.0)
    independent = -np.log2(singles / singles.sum())
    conditional = -np.log2(pairs / pairs.sum(axis=1, keepdims=True))
    markov = independent[test[:, 0]].sum() + conditional[test[:, :-1], test[:, 1:]].sum()
    return {
        "uniform": math.log2(levels),
        "independent": float(independent[test].mean()),
        "first_order_markov": float(markov / test.size),
    }
