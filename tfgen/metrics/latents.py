"""How much of its latents a model uses, and how far their distribution is from its prior."""

import numpy as np
from scipy.spatial.distance import cdist, pdist

ACTIVE = (
    0.01  # variance of a unit's posterior mean over the data above which it is active: Burda et al. 2016, section 5.1
)


def activity(means: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Variance over the data of each unit's posterior mean, [D], from two estimates of the means, [N, D] each.

    Their covariance: where an estimate depends on what was drawn (of a layer given another, of a flow), independent
    draws leave the variance of the draws out. Of means in closed form the two are the same.
    """
    return ((means - means.mean(axis=0)) * (others - others.mean(axis=0))).mean(axis=0)


def active_units(means: np.ndarray, others: np.ndarray) -> int:
    """How many units are active."""
    return int((activity(means, others) > ACTIVE).sum())


def mean_discrepancy(one: np.ndarray, other: np.ndarray) -> float:
    """The squared maximum mean discrepancy of two sets of vectors [N, D], [M, D]: 0 in the mean where both are of one
    distribution (Gretton et al. 2012, "A Kernel Two-Sample Test", eq. 3, unbiased). The kernel is a normal's, as wide
    as the median distance of the second set."""
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    apart = pdist(other, "sqeuclidean")
    width = 2.0 * max(np.median(apart), 1e-12)

    def within(points):
        return np.exp(-pdist(points, "sqeuclidean") / width).mean()

    between = np.exp(-cdist(one, other, "sqeuclidean") / width).mean()
    return float(within(one) + within(other) - 2.0 * between)
