"""The one place where pixel ranges change.

At every door of the house an image is uint8 [N, H, W, C] and holds level numbers 0 .. levels - 1: 256 levels for a
photograph, 17 for the 8x8 digits, 2 for a binarised picture.
"""

import io
import textwrap

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw

LETTER, LINE = 6, 12  # pixels: as wide as one is, about, and as high as one is


def to_symmetric(image: tf.Tensor, levels: int) -> tf.Tensor:
    """Levels 0 .. levels - 1 (any dtype) to float32 in [-1, 1]."""
    return tf.cast(image, tf.float32) * (2.0 / (levels - 1)) - 1.0


def to_unit(image: tf.Tensor, levels: int) -> tf.Tensor:
    """Levels 0 .. levels - 1 (any dtype) to float32 in [0, 1]."""
    return tf.cast(image, tf.float32) * (1.0 / (levels - 1))


def symmetric_to_levels(value: tf.Tensor, levels: int) -> tf.Tensor:
    """Float values in [-1, 1] to float32 level numbers 0 .. levels - 1, not rounded."""
    return (tf.cast(value, tf.float32) + 1.0) * ((levels - 1) / 2.0)


def nearest_level(value: tf.Tensor, levels: int) -> tf.Tensor:
    """Float level numbers to the uint8 image nearest to them."""
    return tf.cast(tf.clip_by_value(tf.round(value), 0.0, levels - 1.0), tf.uint8)


def from_symmetric(value: tf.Tensor, levels: int) -> tf.Tensor:
    """Float values in [-1, 1] to the uint8 image nearest to them."""
    return nearest_level(symmetric_to_levels(value, levels), levels)


def to_display(image: np.ndarray, levels: int) -> np.ndarray:
    """Levels 0 .. levels - 1 to the 0 .. 255 that a screen shows."""
    return np.round(np.asarray(image, np.float32) * (255.0 / (levels - 1))).astype(np.uint8)


def grid(images: np.ndarray, columns: int, scale: int = 1, border: int = 1) -> np.ndarray:
    """Pictures uint8 [N, H, W, C] in rows of `columns` on a gray canvas uint8 [H', W', C], each pixel `scale` wide."""
    images = np.repeat(np.repeat(np.asarray(images), scale, axis=1), scale, axis=2)
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    canvas = np.full((rows * (height + border) + border, columns * (width + border) + border, channels), 96, np.uint8)
    for i, image in enumerate(images):
        top = border + (i // columns) * (height + border)
        left = border + (i % columns) * (width + border)
        canvas[top : top + height, left : left + width] = image
    return canvas


def sheet(
    image: np.ndarray, levels: int, columns: int = 8, side: int = 56, captions: list[str] | None = None
) -> np.ndarray:
    """Images uint8 [N, H, W, C] for a person to look at: one canvas, small ones blown up to about `side` pixels; with
    captions, one below each, in as many lines as it takes."""
    shown, scale = to_display(image, levels), max(1, side // image.shape[1])
    if captions is None:
        return grid(shown, columns, scale)
    shown = np.repeat(np.repeat(shown, scale, axis=1), scale, axis=2)
    wrapped = [textwrap.wrap(text, max(1, shown.shape[2] // LETTER)) for text in captions]
    lines = max(map(len, wrapped))
    return grid(np.stack([_captioned(one, its, lines) for one, its in zip(shown, wrapped, strict=True)]), columns)


def alike(image: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Pictures uint8 [N, h, w, c] to stand beside those of a shape (H, W, C): enlarged by repetition, gray as color."""
    image = np.repeat(np.repeat(image, shape[0] // image.shape[1], axis=1), shape[1] // image.shape[2], axis=2)
    return np.repeat(image, shape[2], axis=3) if image.shape[3] == 1 else image


def curves(series: np.ndarray, height: int = 64) -> np.ndarray:
    """Series float [N, T, D] as pictures uint8 [N, height, T, 3]: time to the right, dimension d in red, green or blue.

    The scale is that of dimension d in all N series: its smallest value at the bottom, its largest at the top.
    """
    low, high = series.min(axis=(0, 1)), series.max(axis=(0, 1))
    rows = np.round((high - series) / np.maximum(high - low, 1e-9) * (height - 1)).astype(int)
    before = np.concatenate([rows[:, :1], rows[:, :-1]], axis=1)
    y = np.arange(height)[None, :, None, None]
    lit = (y >= np.minimum(rows, before)[:, None]) & (y <= np.maximum(rows, before)[:, None])
    picture = np.zeros([*lit.shape[:3], 3], np.uint8)
    for d in range(series.shape[2]):
        picture[..., d % 3][lit[..., d]] = 255
    return picture


def _captioned(image: np.ndarray, text: list[str], lines: int) -> np.ndarray:
    strip = Image.new("L", (image.shape[1], LINE * lines), 255)
    for i, line in enumerate(text):
        ImageDraw.Draw(strip).text((1, LINE * i), line, fill=0)
    strip = np.repeat(np.asarray(strip)[..., None], image.shape[-1], axis=-1)
    return np.concatenate([image, strip], axis=0)


def encode_png(picture: np.ndarray) -> bytes:
    """One picture uint8 [H, W, 1 or 3] as the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(buffer, format="PNG")
    return buffer.getvalue()
