"""Distances between two sets of pictures, as features [N, F] of a network; and the classifier score.

They are figures of the network, of how a picture is resized for it, and of how many pictures there are: none of them
means anything without these.
"""

import numpy as np


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of the means and covariances of features [N, F] and [M, F].

    Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium", eq. 6. The
    trace of the root is that of (A C2 A)^(1/2), A being the root of C1, by eigenvalues of symmetric matrices.
    """
    (mean, covariance), (other_mean, other_covariance) = _moments(one), _moments(other)
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    roots = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other_covariance @ root), 0.0))
    traces = np.trace(covariance) + np.trace(other_covariance)
    return float(np.sum((mean - other_mean) ** 2) + traces - 2.0 * roots.sum())


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    features = np.asarray(features, np.float64)
    return features.mean(axis=0), np.atleast_2d(np.cov(features, rowvar=False))


def interval(
    one: np.ndarray,
    other: np.ndarray,
    distance=frechet_distance,
    resamples: int = 20,
    level: float = 0.9,
    seed: int = 0,
) -> tuple[float, float]:
    """How far a distance moves when both sets are drawn anew from themselves: (lower, upper) quantiles of `level`.

    A set drawn from itself repeats some of its pictures and lacks others, which makes the distance larger: quantiles
    are of the differences from the mean of the resamples, around the distance itself.
    """
    random = np.random.default_rng(seed)
    draws = [
        distance(*(part[random.integers(len(part), size=len(part))] for part in (one, other))) for _ in range(resamples)
    ]
    around = distance(one, other) + np.array(draws) - np.mean(draws)
    low, high = np.quantile(around, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)


def kernel_distance(one: np.ndarray, other: np.ndarray, subset: int = 1000, subsets: int = 100, seed: int = 0) -> float:
    """The squared maximum mean discrepancy, unbiased, of the kernel (x'y / F + 1)^3: the mean over random subsets.

    Binkowski et al. 2018, "Demystifying MMD GANs", section 4, who also take subsets of 1,000, which cost less.
    """
    random = np.random.default_rng(seed)
    size = min(subset, len(one), len(other))
    drawn = [[part[random.choice(len(part), size, replace=False)] for part in (one, other)] for _ in range(subsets)]
    return float(np.mean([_discrepancy(*pair) for pair in drawn]))


def _discrepancy(one: np.ndarray, other: np.ndarray) -> float:
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)

    def kernel(a, b):
        return (a @ b.T / a.shape[1] + 1.0) ** 3

    count = len(one)
    within = sum((matrix.sum() - np.trace(matrix)) for matrix in (kernel(one, one), kernel(other, other)))
    return within / (count * (count - 1)) - 2.0 * kernel(one, other).mean()


def classifier_score(probabilities: np.ndarray) -> float:
    """exp of the mean KL(p(y | x) || p(y)) of a classifier's probabilities [N, K]: from 1 to K, for pictures that are
    sure of their class and of all classes alike (Salimans et al. 2016, section 4, without its splits)."""
    p = np.asarray(probabilities, np.float64)
    ratio = np.log(np.maximum(p, 1e-30)) - np.log(np.maximum(p.mean(axis=0), 1e-30))
    return float(np.exp(np.mean(np.sum(p * ratio, axis=1))))
