"""A folder of PNG, JPEG or WebP images; sub-folders, where there are any, are classes."""

import pathlib

import numpy as np
from absl import logging
from PIL import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MODES = {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "CMYK": "RGB"}


def decode(path: str) -> np.ndarray:
    """One image file as uint8 [H, W, 1 or 3]; transparency is dropped."""
    with Image.open(path) as picture:
        mode = MODES.get(picture.mode)
        if mode is None:
            raise ValueError(f"pixels of mode {picture.mode!r} are not supported; save it as 8-bit gray or RGB")
        pixels = np.asarray(picture.convert(mode))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def find(folder: str) -> tuple[list[str], list[int], tuple[str, ...]]:
    """Files in order of name, the class of each, and the names of the classes.

    Raises:
      ValueError: where there is no folder or no image in it.
    """
    root = pathlib.Path(folder)
    if not root.is_dir():
        raise ValueError(f"dataset='folder:{folder}': there is no such folder")
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f"dataset='folder:{folder}': no image in it; wanted files ending in {', '.join(SUFFIXES)}")
    classes = [path.relative_to(root).parts[0] if path.parent != root else "" for path in files]
    names = tuple(sorted(set(classes)))
    return [str(path) for path in files], [names.index(name) for name in classes], names if names != ("",) else ()


def check(paths: list[str], transform, skip_corrupt: bool) -> tuple[list[int], np.ndarray]:
    """Decodes every file once. Returns the indices of the whole ones and one transformed example.

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


def split(count: int) -> dict[str, np.ndarray]:
    """Indices of 80% training, 10% validation and 10% test images, shuffled once and always alike.

    Raises:
      ValueError: where there are fewer than ten.
    """
    if count < 10:
        raise ValueError(f"only {count} images: at least 10 are needed for a training, validation and test split")
    order = np.random.default_rng(0).permutation(count)
    held = count // 10
    return {
        "train": np.sort(order[2 * held :]),
        "validation": np.sort(order[:held]),
        "test": np.sort(order[held : 2 * held]),
    }
