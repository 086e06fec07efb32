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


def linear_gaussian_nats(train, test, train_action=None, test_action=None) -> float:
    """Mean -ln p of series [N, T, D], nats, under x_t ~ N(A x_{t-1} + B a_{t-1} + b, S), by least squares on the
    training series; the first step is normal with the mean and covariance of the training series' first steps."""

    def inputs(series, action):
        parts = [series[:, :-1], np.ones_like(series[:, :-1, :1])] + ([] if action is None else [action[:, :-1]])
        return np.concatenate(parts, axis=-1).astype(np.float64).reshape(-1, sum(part.shape[-1] for part in parts))

    def nats(residual, covariance):
        mahalanobis = (residual @ np.linalg.inv(covariance) * residual).sum(-1)
        return 0.5 * (mahalanobis + np.linalg.slogdet(2 * np.pi * covariance)[1])

    def covariance(residual):
        return residual.T @ residual / len(residual) + 1e-9 * np.eye(residual.shape[1])

    dims = train.shape[-1]
    x = inputs(train, train_action)
    weights, *_ = np.linalg.lstsq(x, train[:, 1:].reshape(-1, dims), rcond=None)
    noise = covariance(train[:, 1:].reshape(-1, dims) - x @ weights)
    steps = nats(test[:, 1:].reshape(-1, dims) - inputs(test, test_action) @ weights, noise)
    mean = train[:, 0].mean(axis=0)
    first = nats(test[:, 0] - mean, covariance(train[:, 0] - mean))
    return float((steps.sum() + first.sum()) / len(test))
