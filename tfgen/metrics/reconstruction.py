"""What is lost when a picture becomes a code of few numbers: the squared error, and that of the best linear code."""

from collections.abc import Sequence

import numpy as np


def pca_errors(train: np.ndarray, test: np.ndarray, dims: Sequence[int]) -> dict[int, float]:
    """Mean squared error per value of principal component analysis, by its number of dimensions.

    Args:
      train: [N, ...], that the mean and the components are of.
      test: [M, ...] of the same unit, that is projected.
    """
    train, test = (np.asarray(part, np.float64).reshape(len(part), -1) for part in (train, test))
    mean = train.mean(axis=0)
    _, components = np.linalg.eigh((train - mean).T @ (train - mean))  # the smallest first
    shares = np.mean(((test - mean) @ components[:, ::-1]) ** 2, axis=0)
    lost = shares.sum() - np.cumsum(shares)
    return {d: float(lost[min(d, len(lost)) - 1]) / test.shape[1] for d in dims}
