"""DiffAugment: Shengyu Zhao, Zhijian Liu, Ji Lin, Jun-Yan Zhu, Song Han, 2020, "Differentiable Augmentation for
Data-Efficient GAN Training", https://arxiv.org/abs/2006.10738 (section 4, and the authors' code for its numbers).

Functions of pixels [N, H, W, C] in [-1, 1] and seed rows int32 [N, 2] -> pixels, differentiable by the pixels.
"""

import tensorflow as tf

from tfgen.ops import seeds


def color(pixels: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Another brightness, saturation and contrast, in this order."""
    brightness, saturation, contrast = tf.unstack(seeds.uniform(seed, [3])[:, :, None, None, None], axis=1)
    pixels += brightness - 0.5
    gray = tf.reduce_mean(pixels, axis=-1, keepdims=True)
    pixels = gray + 2.0 * saturation * (pixels - gray)
    mean = tf.reduce_mean(pixels, axis=[1, 2, 3], keepdims=True)
    return mean + (contrast + 0.5) * (pixels - mean)


def _offsets(seed: tf.Tensor, lowest: list[int], count: list[int]) -> tf.Tensor:
    """Whole numbers int32 [N, 2], uniform on `count` of them from the lowest on, of rows and of columns."""
    drawn = tf.cast(seeds.uniform(seed, [2]) * tf.cast(count, tf.float32), tf.int32)
    return tf.minimum(drawn, tf.constant(count) - 1) + lowest


def translation(pixels: tf.Tensor, seed: tf.Tensor, share: float = 0.125) -> tf.Tensor:
    """Moved by up to this share of the sides; what comes in is 0, a middle gray."""
    height, width = pixels.shape[1:3]
    most = [int(height * share + 0.5), int(width * share + 0.5)]
    by = _offsets(seed, [-most[0], -most[1]], [2 * most[0] + 1, 2 * most[1] + 1])
    rows = tf.range(height) + by[:, :1]  # where each comes from, [N, H]
    columns = tf.range(width) + by[:, 1:]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None]
    moved = tf.gather(pixels, tf.clip_by_value(rows, 0, height - 1), axis=1, batch_dims=1)
    moved = tf.gather(moved, tf.clip_by_value(columns, 0, width - 1), axis=2, batch_dims=1)
    return moved * tf.cast(inside, pixels.dtype)[..., None]


def cutout(pixels: tf.Tensor, seed: tf.Tensor, share: float = 0.5) -> tf.Tensor:
    """Without a rectangle of this share of the sides, which lies anywhere, in part outside; it is 0, a middle gray."""
    sides = pixels.shape[1:3]
    cut = [int(side * share + 0.5) for side in sides]
    first = _offsets(
        seed, [-(size // 2) for size in cut], [side + 1 - size % 2 for side, size in zip(sides, cut, strict=True)]
    )
    rows, columns = (
        (tf.range(side) >= first[:, i, None]) & (tf.range(side) < first[:, i, None] + cut[i])
        for i, side in enumerate(sides)
    )
    return tf.where((rows[:, :, None] & columns[:, None])[..., None], 0.0, pixels)


AUGMENTATIONS = {"color": color, "translation": translation, "cutout": cutout}


def augment(pixels: tf.Tensor, names: tuple[str, ...], seed: tf.Tensor) -> tf.Tensor:
    """All that are named, one after another, each with noise of its own."""
    for name, own in zip(names, seeds.split(seed, len(names)), strict=True):
        pixels = AUGMENTATIONS[name](pixels, own)
    return pixels
