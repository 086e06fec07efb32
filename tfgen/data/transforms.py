"""What may be done to images on their way in, by name: "resize:32,grayscale,binarize".

Fixed transforms are applied once, when the data set is read. Random ones are drawn for every example: those that
augment for training alone, the others (binarisation) whenever it is read. Then a picture may be made one of a pair, by
what derives a `source` from it, and the two sides of a pair be exchanged or dealt apart.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from PIL import Image

LUMA = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)


@dataclasses.dataclass(frozen=True)
class Transform:
    """One step.

    Args:
      name: as written in the configuration.
      function: fixed: image uint8 [H, W, C] -> [H', W', C'] (numpy); random: images uint8 [B, H, W, C] and `uniform`,
        which maps a shape to float32 [B, *shape] in [0, 1), each row from the key of its example.
      random: whether it takes `uniform`.
      augments: whether a random one is for training alone, and the same for all pictures of an example.
      otherwise: what is done to pictures outside of training in place of one that augments.
      derives: whether it makes the source of a pair: pictures uint8 [B, H, W, C] -> uint8 [B, h, w, c].
      sides: "swap" or "unpair", of what is done to pairs as they are.
      levels: the number of levels after it, where it changes that.
      size: (H, W) after it, where it changes that.
      channels: C after it, where it changes that.
    """

    name: str
    function: Callable | None = None
    random: bool = False
    augments: bool = False
    otherwise: Callable | None = None
    derives: bool = False
    sides: str = ""
    levels: int | None = None
    size: tuple[int, int] | None = None
    channels: int | None = None

    @property
    def fixed(self) -> bool:
        """Whether it is done to each picture once and for all."""
        return not (self.random or self.derives or self.sides)


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
        top, left = (room // 2 for room in _room("crop", size, image.shape[:2]))
        return image[top : top + size[0], left : left + size[1]]

    return Transform(f"crop the middle {size[0]}x{size[1]}", function, size=size)


def _room(name: str, size: tuple[int, int], whole: tuple[int, int]) -> tuple[int, int]:
    """How many rows and columns a crop leaves out of a picture.

    Raises:
      ValueError: where it is larger.
    """
    room = whole[0] - size[0], whole[1] - size[1]
    if min(room) < 0:
        raise ValueError(
            f"transforms: {name}:{size[0]}x{size[1]} is larger than a {whole[0]}x{whole[1]} image; resize first"
        )
    return room


def grayscale() -> Transform:
    """One channel: luma, see LUMA; a gray picture stays as it is."""

    def function(image):
        if image.shape[-1] == 1:
            return image
        return np.round(image @ LUMA)[..., None].astype(np.uint8)

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


def jitter(size: tuple[int, int]) -> Transform:
    """A part (H, W) of the picture, in training anywhere, else its middle (Isola et al. 2017, appendix 6.2)."""

    def function(image, uniform):
        for axis, room in enumerate(_room("jitter", size, image.shape[1:3]), start=1):
            first = tf.cast(uniform((2,))[:, axis - 1] * (room + 1), tf.int32)
            image = tf.gather(image, first[:, None] + tf.range(size[axis - 1]), axis=axis, batch_dims=1)
        return image

    def middle(image):
        top, left = (room // 2 for room in _room("jitter", size, image.shape[1:3]))
        return image[:, top : top + size[0], left : left + size[1]]

    name = f"random part of {size[0]}x{size[1]} in training, else the middle"
    return Transform(name, function, random=True, augments=True, otherwise=middle)


def edges(levels: int) -> Transform:
    """Where the luma of a picture changes: dark lines on white, by the size of Sobel's gradient. Isola et al. 2017 have
    the lines of a network (HED)."""

    def function(image):
        lines = tf.norm(tf.image.sobel_edges(_luma(image)), axis=-1)  # up to 4 times the difference of levels
        return _whole((levels - 1.0) - lines, levels)

    return Transform("source: its edges", function, derives=True)


def gray(levels: int) -> Transform:
    """The luma of a picture, one channel."""
    return Transform("source: its gray levels", lambda image: _whole(_luma(image), levels), derives=True)


def shrink(factor: int, levels: int) -> Transform:
    """The picture at a fraction of its size, by the antialiased bicubic filter of the super-resolution papers."""

    def function(image):
        height, width = image.shape[1:3]
        if height % factor or width % factor:
            raise ValueError(f"transforms: shrink:{factor} does not divide a {height}x{width} image; resize or crop it")
        size = (height // factor, width // factor)
        return _whole(tf.image.resize(image, size, "bicubic", antialias=True), levels)

    return Transform(f"source: shrunk to 1/{factor}", function, derives=True)


def occlude(levels: int) -> Transform:
    """The picture with its lower half in the middle gray."""

    def function(image):
        rows = tf.range(image.shape[1])[:, None, None]
        return tf.where(rows < image.shape[1] // 2, image, tf.constant(levels // 2, tf.uint8))

    return Transform("source: its upper half", function, derives=True)


def invert(levels: int) -> Transform:
    """Dark for light."""
    return Transform("source: its negative", lambda image: tf.constant(levels - 1, tf.uint8) - image, derives=True)


def _luma(image: tf.Tensor) -> tf.Tensor:
    """float32 [B, H, W, 1]; see `grayscale`."""
    image = tf.cast(image, tf.float32)
    return image if image.shape[-1] == 1 else tf.tensordot(image, tf.constant(LUMA, tf.float32), [[-1], [0]])[..., None]


def _whole(value: tf.Tensor, levels: int) -> tf.Tensor:
    return tf.cast(tf.clip_by_value(tf.round(value), 0.0, levels - 1.0), tf.uint8)


RANDOM = ("binarize", "flip", "jitter")
SIZED = {"resize": resize, "crop": crop, "jitter": jitter}
DERIVED = {"edges": edges, "gray": gray, "occlude": occlude, "invert": invert}
SIDES = {"swap": "source and image exchanged", "unpair": "the sides of each pair dealt apart"}
NAMES = (
    *("resize:SIDE or resize:HxW", "crop:SIDE or crop:HxW", "grayscale", "color", "binarize", "flip", "jitter:SIDE"),
    *("shrink:FACTOR", *DERIVED, *SIDES),
)


def fixed(text: str) -> str:
    """A list of transforms without those of batches."""
    late = (*RANDOM, "shrink", *DERIVED, *SIDES)
    items = (part.strip() for part in text.split(","))
    return ",".join(item for item in items if item and item.partition(":")[0] not in late)


def parse(text: str, levels: int) -> list[Transform]:
    """The transforms of a comma-separated list, for a data set of `levels` levels.

    Raises:
      ValueError: naming the transform that is not known, misplaced or lacks its size.
    """
    transforms: list[Transform] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, argument = item.partition(":")
        if name in SIZED:
            transform = SIZED[name](_size(item, argument))
        elif name == "shrink":
            transform = shrink(_factor(item, argument), levels)
        elif argument:
            raise ValueError(f"transforms: {item!r} takes no argument; there are {', '.join(NAMES)}")
        elif name == "binarize":
            if levels == 2:
                raise ValueError("transforms: 'binarize': the images have two levels already; leave it out")
            transform = binarize(levels)
            levels = 2
        elif name in ("grayscale", "color", "flip"):
            transform = {"grayscale": grayscale, "color": color, "flip": flip}[name]()
        elif name in DERIVED:
            transform = DERIVED[name](levels)
        elif name in SIDES:
            transform = Transform(SIDES[name], sides=name)
        else:
            raise ValueError(f"transforms: {item!r} is not known; there are {', '.join(NAMES)}")
        if transforms and _place(transforms[-1]) > _place(transform):
            raise ValueError(f"transforms: {item!r} must come before {PLACES[_place(transforms[-1])]}")
        transforms.append(transform)
    if sum(transform.derives for transform in transforms) > 1:
        raise ValueError(f"transforms={text!r}: a picture has one source; give one of shrink, {', '.join(DERIVED)}")
    return transforms


PLACES = (
    "",
    f"the random transforms ({', '.join(RANDOM)})",
    f"what derives a source (shrink, {', '.join(DERIVED)})",
    f"what is done to pairs ({', '.join(SIDES)})",
)


def _place(transform: Transform) -> int:
    return 3 if transform.sides else 2 if transform.derives else int(transform.random)


def _factor(item: str, argument: str) -> int:
    if not argument.isdigit() or int(argument) < 2:
        raise ValueError(f"transforms: {item!r} needs a factor of 2 or more, like shrink:4")
    return int(argument)


def _size(item: str, argument: str) -> tuple[int, int]:
    sides = argument.split("x")
    if len(sides) not in (1, 2) or not all(side.isdigit() and int(side) for side in sides):
        raise ValueError(f"transforms: {item!r} needs a size in pixels, like resize:32 or resize:28x32")
    return int(sides[0]), int(sides[-1])
