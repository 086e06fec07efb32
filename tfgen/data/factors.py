"""Pictures whose every factor of variation is known, generated here: shape, size, rotation and position.

After dSprites (L. Matthey et al. 2017, https://github.com/google-deepmind/dsprites-dataset), with fewer values of each
factor, pictures of half the side, and shapes of which no two angles look alike.
"""

import itertools

import numpy as np

LEVELS, SIDE = 2, 32
SIZES = (4.0, 5.0, 6.0, 7.0)  # half the length of a shape, in pixels
ANGLES = tuple(range(0, 180, 30))
PLACES = tuple(range(9, 24, 2))  # of the centre, in pixels
FACTORS = {
    "shape": ("ellipse", "rectangle", "triangle"),
    "size": tuple(f"{size:.0f} pixels" for size in SIZES),
    "rotation": tuple(f"{angle} degrees" for angle in ANGLES),
    "x": tuple(f"{place} pixels" for place in PLACES),
    "y": tuple(f"{place} pixels" for place in PLACES),
}
LABEL = "shape"


def read() -> tuple[np.ndarray, np.ndarray]:
    """Every combination once: images uint8 [4608, 32, 32, 1] in 0 .. 1, and their factors, int32 [4608, 5]."""
    kinds = np.array(list(itertools.product(range(len(FACTORS["shape"])), SIZES, np.radians(ANGLES))))
    shape, half, turn = kinds.T[..., None, None]
    down, right = np.mgrid[:SIDE, :SIDE] + 0.5 - SIDE / 2
    along = (right * np.cos(turn) + down * np.sin(turn)) / half
    across = (down * np.cos(turn) - right * np.sin(turn)) / half
    ellipse = along**2 + (2.0 * across) ** 2 <= 1.0
    rectangle = (np.abs(along) <= 0.9) & (np.abs(across) <= 0.45)
    triangle = (along >= -0.7) & (np.abs(across) <= 0.45 * (1.0 - along))
    centred = np.select([shape == 0, shape == 1, shape == 2], [ellipse, rectangle, triangle]).astype(np.uint8)
    # None is so large that it would come in again at the other side.
    moved = [np.roll(centred, (y - SIDE // 2, x - SIDE // 2), axis=(1, 2)) for x in PLACES for y in PLACES]
    factors = np.array(list(itertools.product(*(range(len(values)) for values in FACTORS.values()))), np.int32)
    return np.stack(moved, axis=1).reshape([-1, SIDE, SIDE, 1]), factors
