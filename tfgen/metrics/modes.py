"""Does a model make every kind of picture there is?"""

import numpy as np


def class_shares(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """The share of each class among labels int [N] that a classifier gave to samples: float [num_classes], sum 1."""
    return np.bincount(np.asarray(labels), minlength=num_classes) / len(labels)


def covered(points: np.ndarray, centres: np.ndarray, stddev: float, within: float = 3.0) -> tuple[int, float]:
    """How many modes have a point, and the share of points that belong to one: those no further than `within` standard
    deviations from the nearest centre (Lin et al. 2018, "PacGAN", section 4.1).

    Args:
      points: [N, D].
      centres: [K, D].
      stddev: of each mode.
    """
    distances = np.linalg.norm(points[:, None] - centres, axis=-1)
    near = distances.min(axis=1) <= within * stddev
    return len(set(distances.argmin(axis=1)[near])), float(near.mean())
