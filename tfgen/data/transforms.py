"""What may be done to images on their way in, by name: "resize:32,grayscale,binarize".

Fixed transforms are applied once, when the data set is read. Random ones are drawn for every example: those that
augment for training alone, the others (binarisation) whenever it is read.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from PIL import Image


@dataclasses.dataclass(frozen=True)
class Transform:
    """One step.

    Args:
      name: as written in the configuration.
      function: fixed: image uint8 [H, W, C] -> [H', W', C'] (numpy); random: images uint8 [B, H, W, C] and `uniform`,
        which maps a shape to float32 [B, *shape] in [0, 1), each row from the key of its example.
      random: whether it takes `uniform`.
      augments: whether a random one is for training alone, and the same for all pictures of an example.
      levels: the number of levels after it, where it changes that.
      size: (H, W) after it, where it changes that.
      channels: C after it, where it changes that.
    """

    name: str
    function: Callable
    random: bool = False
    augments: bool = False
    levels: int | None = None
    size: tuple[int, int] | None = None
    channels: int | None = None


def resize(size: tuple[int, int]) -> Transform:
    """The whole picture to (H, W), by area where it shrinks (PIL's antialiased bilinear filter)."""

    def function(image):
        planes = [image] if image.shape[-1] == 3 else np.moveaxis(image, -1, 0)  # PIL would take a fourth for alpha
        resized = [np.asarray(Image.fromarray(plane).resize(size[::-1], Image.BILINEAR)) for plane in planes]
        return resized[0] if image.shape[-1] == 3 else np.stack(resized, axis=-1)

    return Transform(f"resize to {size[0]}x{size[1]}", function, size=size)


def crop(size: tuple[int, int]) -> Transform:
    """The middle (H, W) of the picture."""

    def function(image):
        top, left = (image.shape[0] - size[0]) // 2, (image.shape[1] - size[1]) // 2
        if top < 0 or left < 0:
            raise ValueError(
                f"transforms: crop:{size[0]}x{size[1]} is larger than a {image.shape[0]}x{image.shape[1]} "
                "image; resize first"
            )
        return image[top : top + size[0], left : left + size[1]]

    return Transform(f"crop the middle {size[0]}x{size[1]}", function, size=size)


def grayscale() -> Transform:
    """One channel: luma, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601); a gray picture stays as it is."""

    def function(image):
        if image.shape[-1] == 1:
            return image
        return np.round(image @ np.array([0.299, 0.587, 0.114]))[..., None].astype(np.uint8)

    return Transform("grayscale", function, channels=1)


def color() -> Transform:
    """Three channels: a gray picture three times."""
    return Transform("color", lambda image: np.repeat(image, 3, -1) if image.shape[-1] == 1 else image, channels=3)


def binarize(levels: int) -> Transform:
    """Every pixel 1 with probability value / (levels - 1), drawn anew each time: dynamic binarisation, the protocol of
    Salakhutdinov and Murray 2008 as used by Burda et al. 2016. Thresholding is another data set, and not offered."""

    def function(image, uniform):
        return tf.cast(uniform(image.shape[1:]) * (levels - 1) < tf.cast(image, tf.float32), tf.uint8)

    return Transform("dynamic Bernoulli binarisation", function, random=True, levels=2)


def flip() -> Transform:
    """Left and right exchanged in half of the pictures, in training."""

    def function(image, uniform):
        return tf.where(uniform((1, 1, 1)) < 0.5, tf.reverse(image, [2]), image)

    return Transform("random horizontal flip in training", function, random=True, augments=True)


NAMES = ("resize:SIDE or resize:HxW", "crop:SIDE or crop:HxW", "grayscale", "color", "binarize", "flip")


RANDOM = ("binarize", "flip")


def fixed(text: str) -> str:
    """A list of transforms without the random ones."""
    return ",".join(item for part in text.split(",") if (item := part.strip()) and item not in RANDOM)


def parse(text: str, levels: int) -> list[Transform]:
    """The transforms of a comma-separated list, for a data set of `levels` levels.

    Raises:
      ValueError: naming the transform that is not known, misplaced or lacks its size.
    """
    transforms: list[Transform] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, argument = item.partition(":")
        if name in ("resize", "crop"):
            transform = (resize if name == "resize" else crop)(_size(item, argument))
        elif argument:
            raise ValueError(f"transforms: {item!r} takes no argument; there are {', '.join(NAMES)}")
        elif name == "binarize":
            if levels == 2:
                raise ValueError("transforms: 'binarize': the images have two levels already; leave it out")
            transform = binarize(levels)
            levels = 2
        elif name in ("grayscale", "color", "flip"):
            transform = {"grayscale": grayscale, "color": color, "flip": flip}[name]()
        else:
            raise ValueError(f"transforms: {item!r} is not known; there are {', '.join(NAMES)}")
        if transforms and transforms[-1].random and not transform.random:
            raise ValueError(f"transforms: {item!r} must come before the random transforms ({', '.join(RANDOM)})")
        transforms.append(transform)
    return transforms


def _size(item: str, argument: str) -> tuple[int, int]:
    sides = argument.split("x")
    if len(sides) not in (1, 2) or not all(side.isdigit() and int(side) for side in sides):
        raise ValueError(f"transforms: {item!r} needs a size in pixels, like resize:32 or resize:28x32")
    return int(sides[0]), int(sides[-1])
