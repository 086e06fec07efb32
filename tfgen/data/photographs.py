"""Parts of six photographs that the Python package scikit-image installs, for who wants it (16 MB, BSD; the photographs
themselves are in the public domain or CC0: its data/README.txt names the source of each)."""

import importlib.util
import pathlib

import numpy as np

from tfgen.data.folder import decode

LEVELS, SIDE = 256, 64
PACKAGE = "skimage"
# Whole photographs are held out: parts of one look alike.
SPLITS = {
    "train": ("astronaut.png", "hubble_deep_field.jpg", "motorcycle_left.png", "rocket.jpg"),
    "validation": ("chelsea.png",),
    "test": ("coffee.png",),
}


def read() -> dict[str, tuple[np.ndarray, list[str]]]:
    """By split, parts uint8 [N, 64, 64, 3] that do not overlap, and what each is of.

    Raises:
      ValueError: where the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise ValueError("dataset='photographs': scikit-image is not installed; pip install scikit-image")
    folder = pathlib.Path(spec.origin).parent / "data"
    found = {}
    for split, files in SPLITS.items():
        parts = [(part, f"{file} {place}") for file in files for part, place in _parts(decode(str(folder / file)))]
        pictures, names = zip(*parts, strict=True)
        found[split] = np.stack(pictures), list(names)
    return found


def _parts(photograph: np.ndarray):
    rows, columns = (side // SIDE for side in photograph.shape[:2])
    for row in range(rows):
        for column in range(columns):
            top, left = SIDE * row, SIDE * column
            yield photograph[top : top + SIDE, left : left + SIDE], f"{row} {column}"
