"""Pictures that nobody took, made up by a seed: of any shape, to try a run whose data are not at hand."""

import dataclasses
import re

import numpy as np

SEED, COARSE = 0, 8  # pixels of the coarse picture that each is drawn from
SENTENCE = "a picture of class {label}"
LARGEST = 2**30  # bytes of all


@dataclasses.dataclass(frozen=True)
class Fake:
    """What is asked for.

    Args:
      shape: (H, W, C).
      levels: number of values of a pixel.
      classes: number of labels, 0: none.
      captions: whether each picture has a sentence.
      examples: how many there are.
    """

    shape: tuple[int, int, int]
    levels: int = 256
    classes: int = 0
    captions: bool = False
    examples: int = 200


def parse(name: str) -> Fake:
    """What "fake:64x64x3,levels=256,classes=10,captions=1,examples=200" asks for; all but the shape may be left out.

    Raises:
      ValueError: saying what is wrong with it.
    """
    first, *rest = name.partition(":")[2].split(",")
    wrong = f"dataset={name!r}: give a shape, and options, like fake:64x64x3,classes=10,captions=1"
    if not re.fullmatch(r"[1-9]\d{0,3}x[1-9]\d{0,3}x[13]", first):
        raise ValueError(f"{wrong} ({first!r} is no height, width and 1 or 3 channels)")
    options = dict(part.partition("=")[::2] for part in rest)
    for key, value in options.items():
        if key not in ("levels", "classes", "captions", "examples") or not value.isdigit():
            raise ValueError(f"{wrong} ({key}={value} is none of levels, classes, captions, examples with a number)")
    asked = Fake(tuple(map(int, first.split("x"))), **{key: int(value) for key, value in options.items()})
    if not 2 <= asked.levels <= 256 or asked.examples < 20 or asked.classes == 1:
        raise ValueError(f"{wrong} (2 to 256 levels, no class or two, 20 examples or more)")
    if asked.examples * np.prod(asked.shape) > LARGEST:
        raise ValueError(f"{wrong} (these are more than a gigabyte)")
    return asked


def read(asked: Fake) -> tuple[np.ndarray, np.ndarray, list[bytes]]:
    """Pictures uint8 [N, H, W, C], coarse ones enlarged with noise over them; labels int32 [N]; sentences."""
    rng = np.random.default_rng(SEED)
    height, width, channels = asked.shape
    coarse = rng.integers(0, asked.levels, [asked.examples, COARSE, COARSE, channels])
    rows, columns = (np.arange(side) * COARSE // side for side in (height, width))
    noise = rng.integers(-asked.levels // 8, asked.levels // 8 + 1, [asked.examples, *asked.shape])
    images = np.clip(coarse[:, rows][:, :, columns] + noise, 0, asked.levels - 1).astype(np.uint8)
    labels = (np.arange(asked.examples) % max(asked.classes, 1)).astype(np.int32)
    return images, labels, [SENTENCE.format(label=label).encode() for label in labels]
