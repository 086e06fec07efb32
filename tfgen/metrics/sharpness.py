"""How sharp pictures are, as a number."""

import numpy as np


def laplacian_variance(pictures: np.ndarray) -> np.ndarray:
    """The variance over a picture of its discrete Laplacian, of float [N, H, W, C] in 0 .. 1: [N].

    The Laplacian of the mean over the channels: the four neighbours less four times the pixel, inside the border.
    Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy", https://doi.org/10.1109/ICPR.2000.903548.
    """
    gray = np.asarray(pictures, np.float64).mean(axis=-1)
    inner = gray[:, 1:-1, 1:-1]
    around = gray[:, :-2, 1:-1] + gray[:, 2:, 1:-1] + gray[:, 1:-1, :-2] + gray[:, 1:-1, 2:]
    return (around - 4.0 * inner).var(axis=(1, 2))
