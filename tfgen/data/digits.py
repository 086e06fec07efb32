"""The embedded data set: 1,797 handwritten digits of 8x8 pixels and 17 levels, bundled with scikit-learn.

E. Alpaydin, C. Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI repository. No network.
"""

import numpy as np
from sklearn.datasets import load_digits

LEVELS = 17
CLASS_NAMES = tuple(str(digit) for digit in range(10))
SPLITS = {"train": slice(0, 1000), "validation": slice(1000, 1350), "test": slice(1350, 1797)}


def read() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(images uint8 [N, 8, 8, 1] in 0 .. 16, labels int32 [N]) of each split: the first 1,000, the next 350, the last
    447 images."""
    digits = load_digits()
    images = digits.images.astype(np.uint8)[..., None]
    labels = digits.target.astype(np.int32)
    return {name: (images[part], labels[part]) for name, part in SPLITS.items()}
