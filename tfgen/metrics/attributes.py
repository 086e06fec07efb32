"""What can be measured of a stroke from its pixels alone: [N, H, W, C] in 0 .. 1, light on dark, -> [N]."""

import numpy as np


def ink(pictures: np.ndarray) -> np.ndarray:
    """The mean pixel."""
    return np.asarray(pictures, np.float64).mean(axis=(1, 2, 3))


def thickness(pictures: np.ndarray) -> np.ndarray:
    """The mean width of a stroke in pixels: twice its area over the length of its outline, which is the sum of the
    changes from pixel to pixel. A bar of width w and length l has 2 w l / (2 w + 2 l)."""
    gray = np.pad(np.asarray(pictures, np.float64).mean(axis=-1), ((0, 0), (1, 1), (1, 1)))
    down, right = np.diff(gray, axis=1)[:, :, :-1], np.diff(gray, axis=2)[:, :-1]
    outline = np.hypot(down, right).sum(axis=(1, 2))
    return 2.0 * gray.sum(axis=(1, 2)) / np.maximum(outline, 1e-9)


def slant(pictures: np.ndarray) -> np.ndarray:
    """How far a picture leans: columns to the right for each row upwards, of the line through its second moments."""
    gray = np.asarray(pictures, np.float64).mean(axis=-1)
    gray = gray / np.maximum(gray.sum(axis=(1, 2), keepdims=True), 1e-9)
    rows, columns = np.arange(gray.shape[1]), np.arange(gray.shape[2])
    y = rows[:, None] - (gray.sum(axis=2) @ rows)[:, None, None]
    x = columns[None] - (gray.sum(axis=1) @ columns)[:, None, None]
    return -(gray * x * y).sum(axis=(1, 2)) / np.maximum((gray * y**2).sum(axis=(1, 2)), 1e-9)


ATTRIBUTES = {"thickness": thickness, "slant": slant}
