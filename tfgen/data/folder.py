"""The images of a folder: PNG, JPEG or WebP."""

import numpy as np
from absl import logging
from PIL import Image, ImageOps

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
OTHERS = (".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".jp2", ".ppm", ".pgm")
MODES = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "CMYK": "RGB"}


def decode(path: str) -> np.ndarray:
    """One image file as uint8 [H, W, 1 or 3], the way up that its EXIF orientation says; transparency is dropped.

    Raises:
      ValueError: for an animation, or pixels that do not fit.
    """
    with Image.open(path) as picture:
        # The further pictures of an MPO, a camera's JPEG, are previews and gain maps.
        if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
            raise ValueError(f"it is an animation of {picture.n_frames} frames; save those that are wanted one by one")
        mode = MODES.get(picture.mode)
        if mode is None:
            raise ValueError(f"pixels of mode {picture.mode!r} are not supported; save it as 8-bit gray or RGB")
        ImageOps.exif_transpose(picture, in_place=True)
        pixels = np.asarray(picture.convert(mode))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def check(paths: list[str], decode, transform, skip_corrupt: bool) -> tuple[list[int], np.ndarray]:
    """Decodes every file once. Returns the indices of the whole ones and one transformed example.

    Args:
      decode: path -> what `transform` takes; what it raises is said to be the file's fault.
      transform: -> uint8 [H, W, C].

    Raises:
      ValueError: naming the first file that is corrupt, or whose shape after the transforms is not that of the first.
    """
    whole, example, first = [], None, None
    for i, path in enumerate(paths):
        try:
            pixels = decode(path)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            if not skip_corrupt:
                raise ValueError(
                    f"{path}: this image cannot be read ({error}); remove it, or pass --skip_corrupt to "
                    "leave such files out"
                ) from error
            logging.warning("SKIPPED %s: this image cannot be read (%s)", path, error)
            continue
        image = transform(pixels)
        if example is None:
            example, first = image, path
        elif image.shape != example.shape:
            channels = image.shape[-1] != example.shape[-1]
            raise ValueError(
                f"{path}: shape {image.shape}, but {first} has {example.shape}; all images must have one "
                + (
                    "number of channels: add grayscale or color to --transforms"
                    if channels
                    else "size: add resize:SIDE (or crop:SIDE) to --transforms"
                )
            )
        whole.append(i)
    if not whole:
        raise ValueError(f"none of the {len(paths)} images can be read, the first being {paths[0]}")
    return whole, example
