"""Does a model make every kind of picture there is?"""

import numpy as np


def class_shares(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """The share of each class among labels int [N] that a classifier gave to samples: float [num_classes], sum 1."""
    return np.bincount(np.asarray(labels), minlength=num_classes) / len(labels)
