"""Pairs of pictures in a folder: one that goes in, and what is to come out."""

import pathlib
from collections.abc import Callable

import numpy as np

from tfgen.data import files
from tfgen.data.folder import OTHERS, SUFFIXES, decode

# Two folders in one: the sources and the images.
SIDES = ({"source", "image"}, {"A", "B"})


def find(path: str, asked: str) -> tuple[list[files.File], str, Callable[[str], list[np.ndarray]]]:
    """The files of the images, how they are split, and a function from the path of one to [source, image].

    Either each file holds both, the source at the left; or the files lie in the folders source/ and image/ (or A/ and
    B/), and a pair has one name in both.

    Raises:
      ValueError: where there is no such folder, or the names in both folders differ.
    """
    root = pathlib.Path(path).expanduser()
    there = {entry.name for entry in root.iterdir() if entry.is_dir()} if root.is_dir() else set()
    sides = next((sides for sides in SIDES if sides == there), None)
    if sides is None:
        found, how = files.find(path, asked, SUFFIXES, OTHERS)
        return found, f"two halves, {how}", halves
    first, second = sorted(sides, reverse="source" in sides)
    sources, _ = files.find(str(root / first), asked, SUFFIXES, OTHERS)
    found, how = files.find(str(root / second), asked, SUFFIXES, OTHERS)
    by_name = [{file.name for file in side} for side in (sources, found)]
    for mine, its, folder in ((by_name[0], by_name[1], second), (by_name[1], by_name[0], first)):
        if lone := sorted(mine - its):
            raise ValueError(f"dataset={asked!r}: {lone[0]} is not in {folder}/, but a pair has one name in both")

    def both(path):
        name = pathlib.Path(path).relative_to(root / second)
        return [decode(str(root / first / name)), decode(path)]

    return found, f"the folders {first}/ and {second}/, {how}", both


def halves(path: str) -> list[np.ndarray]:
    """The left and the right half of a picture.

    Raises:
      ValueError: where its width is odd.
    """
    picture = decode(path)
    width = picture.shape[1]
    if width % 2:
        raise ValueError(f"it is {width} pixels wide, and has no halves")
    return [picture[:, : width // 2], picture[:, width // 2 :]]
