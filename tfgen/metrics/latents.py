"""How much of its latents a model uses."""

import numpy as np

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
