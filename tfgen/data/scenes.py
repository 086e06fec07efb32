"""Pictures of a coloured shape, each with an English sentence that says what it shows: generated here, factors known.

After CLEVR (J. Johnson et al. 2017, https://arxiv.org/abs/1612.06890), whose questions and scenes are generated from
templates, too: one flat shape in place of several solid ones.
"""

import itertools

import numpy as np

LEVELS, SIDE = 256, 32
COLORS = {
    "red": (220, 45, 40),
    "green": (45, 170, 60),
    "blue": (50, 90, 220),
    "yellow": (235, 205, 50),
    "purple": (160, 60, 190),
    "white": (240, 240, 240),
}
PLACES = {  # of the centre, in pixels down and to the right, and how one says it
    "left": ((16.0, 10.0), "on the left"),
    "right": ((16.0, 22.0), "on the right"),
    "top": ((10.0, 16.0), "at the top"),
    "bottom": ((22.0, 16.0), "at the bottom"),
    "middle": ((16.0, 16.0), "in the middle"),
}
SIZES = {"small": 3.75, "large": 6.0}  # half of a circle's diameter, in pixels; other shapes are about as large
# To the edge of each shape, in pixels, negative inside: of places down from its centre and aside, and of its size.
DISTANCES = {
    "circle": lambda down, aside, half: np.hypot(down, aside) - half,
    "square": lambda down, aside, half: np.maximum(np.abs(down), aside) - 0.89 * half,
    "triangle": lambda down, aside, half: np.maximum(
        down - 0.75 * half, (aside - 0.62 * (down + 1.1 * half)) / np.hypot(1.0, 0.62)
    ),
    "cross": lambda down, aside, half: np.maximum(
        np.maximum(np.abs(down), aside) - 1.1 * half, np.minimum(np.abs(down), aside) - 0.4 * half
    ),
}
FACTORS = {
    "colour": tuple(COLORS),
    "shape": tuple(DISTANCES),
    "side": tuple(PLACES),
    "size": tuple(SIZES),
}
LABEL = "shape"
REPEATS = 40  # pictures of each combination
SENTENCES = (
    "a {size} {colour} {shape} {place}",
    "there is a {size} {colour} {shape} {place}",
    "{place} is a {size} {colour} {shape}",
    "a {colour} {shape}, {size}, {place}",
    "the {size} {shape} {place} is {colour}",
)
JITTER = {"place": 1.25, "size": 0.4, "color": 14.0, "ground": 12.0}  # largest, in pixels and in levels
GROUND = 40.0  # level of the background


def read() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every combination `REPEATS` times, none of them alike, in no order.

    Returns:
      Images uint8 [9600, 32, 32, 3], their factors int32 [9600, 4], and their sentences, bytes [9600]: example i has
      the template i mod 5.
    """
    combinations = list(itertools.product(*(range(len(values)) for values in FACTORS.values())))
    rng = np.random.default_rng(0)
    factors = rng.permutation(np.repeat(np.array(combinations, np.int32), REPEATS, axis=0))
    color, shape, side, size = factors.T
    shift, scale, tint, ground = (
        rng.uniform(-1.0, 1.0, [len(factors), *dims]) * JITTER[name]
        for name, dims in (("place", [2]), ("size", [1]), ("color", [3]), ("ground", [1]))
    )
    centre = np.array([place for place, _ in PLACES.values()])[side] + shift
    half = np.array(list(SIZES.values()))[size, None] + scale
    inside = _coverage(shape, centre.astype(np.float32), half.astype(np.float32))[..., None]
    paint, ground = np.array(list(COLORS.values()))[color] + tint, GROUND + ground
    pixels = ground[:, None, None] + inside * (paint - ground)[:, None, None]
    text = np.array([sentence(row, i).encode() for i, row in enumerate(factors)])
    return np.clip(np.round(pixels), 0, LEVELS - 1).astype(np.uint8), factors, text


def sentence(factors: np.ndarray, template: int = 0) -> str:
    """What one says of a picture with these numbers of its factors' values."""
    words = {name: values[i] for (name, values), i in zip(FACTORS.items(), factors, strict=True)}
    return SENTENCES[template % len(SENTENCES)].format(**words, place=PLACES[words["side"]][1])


def _coverage(shape: np.ndarray, centre: np.ndarray, half: np.ndarray) -> np.ndarray:
    """How much of each pixel a shape covers, about: its edge is a pixel wide. [N], [N, 2], [N, 1] -> [N, 32, 32]."""
    covered = np.empty([len(shape), SIDE, SIDE], np.float32)
    for i, distance in enumerate(DISTANCES.values()):
        rows = shape == i
        down, right = np.mgrid[:SIDE, :SIDE].astype(np.float32)[:, None] + 0.5 - centre[rows].T[..., None, None]
        covered[rows] = np.clip(0.5 - distance(down, np.abs(right), half[rows, :, None]), 0.0, 1.0)
    return covered
