"""A folder of files: what belongs to it, of what class, in which split."""

import dataclasses
import os
import pathlib
import re
from collections.abc import Iterator, Sequence

from absl import logging

from tfgen.data import splits

# The names of folders that are splits, in any case.
SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"} | dict.fromkeys(
    ("validation", "valid", "val", "dev"), "validation"
)


@dataclasses.dataclass(frozen=True)
class File:
    """A file of a folder.

    Args:
      name: its path from the folder on, with "/".
      label: its class: the sub-folder that it lies in, "" without.
    """

    path: str
    name: str
    label: str
    split: str

    @property
    def key(self) -> bytes:
        """By which it is known again: its name and its size."""
        return f"{self.name} {os.path.getsize(self.path)}".encode()


def find(
    folder: str, asked: str, suffixes: Sequence[str], others: Sequence[str], side: str = ""
) -> tuple[list[File], str]:
    """The files of a folder in order of name, and how they are split.

    Folders train/, validation/ (or val/, ...) and test/ are the splits. What is missing, and the splits of any other
    folder, are held out by a hash of each name. Folders in them are classes. Links are followed; what begins with a dot
    is left out.

    Args:
      asked: the data set as it was asked for, for errors.
      suffixes: of the files that are wanted, in lower case.
      others: suffixes of files that one might take for such; they are left out, which is said.
      side: "A" or "B", of folders trainA/, trainB/ and so on: those of this side alone are read, as train/ and so on.
    Raises:
      ValueError: where there is no such folder, no file in it, or it is unclear which class or split a file is of.
    """
    root = pathlib.Path(folder).expanduser()
    if not root.is_dir():
        raise ValueError(f"dataset={asked!r}: there is no such folder")
    paths, left_out = [], []
    for path in walk(root):
        suffix = os.path.splitext(path)[1].lower()
        if suffix in suffixes:
            paths.append(path)
        elif not os.path.exists(path):
            raise ValueError(f"dataset={asked!r}: {path} is a link to {os.readlink(path)!r}, which is not there")
        elif suffix in others:
            left_out.append(path)
    if not paths:
        raise ValueError(f"dataset={asked!r}: no file in it ends in {', '.join(suffixes)}")
    if left_out:
        logging.warning("LEFT OUT %d files such as %s: only %s are read", len(left_out), left_out[0], suffixes)
    names = [pathlib.Path(path).relative_to(root).as_posix() for path in paths]
    if side:
        of_side = [re.sub(f"^({'|'.join(SPLITS)}){side}/", r"\1/", name) for name in names]
        kept = [i for i, name in enumerate(names) if of_side[i] != name]
        if not kept:
            raise ValueError(f"dataset={asked!r}: there is no folder train{side}/ with images in it")
        paths, names = [paths[i] for i in kept], [of_side[i] for i in kept]
    layout = _layout(names, asked)
    held_out = {"validation", "test"} - set(layout.values())
    files = []
    for path, name in zip(paths, names, strict=True):
        top, _, within = name.partition("/")
        split, within = (layout[top], within) if layout else ("train", name)
        if split == "train" and splits.of(within.encode()) in held_out:
            split = splits.of(within.encode())
        files.append(File(path, name, within.rpartition("/")[0].partition("/")[0], split))
    _check_classes(files, layout, asked)
    if not layout:
        return files, f"{splits.BY_HASH} name"
    how = [f"{split} = {top}/" for top, split in layout.items()]
    how += [f"{split} = about 10% of the training folder by a hash of each name" for split in sorted(held_out)]
    return files, ", ".join(how)


def walk(folder: str | pathlib.Path, above: tuple[str, ...] = ()) -> Iterator[str]:
    """Every file in a folder and in those below it, in order of name; links are followed, and hidden files left out."""
    real = os.path.realpath(folder)
    if real in above:
        raise ValueError(f"{folder}: this link leads back to {real}, a folder that it lies in")
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise ValueError(f"{folder}: this folder cannot be read ({error.strerror})") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from walk(entry.path, (*above, real))
        else:
            yield entry.path


def _layout(names: Sequence[str], asked: str) -> dict[str, str]:
    """{folder: the split that it is}; empty where the folders are classes, or there are none."""
    tops = sorted({name.partition("/")[0] for name in names if "/" in name})
    domains = [top for top in tops if re.fullmatch("(train|test|val|valid|validation)[AB]", top)]
    if len(domains) > 1:
        raise ValueError(
            f"dataset={asked!r}: {', '.join(domains)} are two sets of pictures, not classes; "
            f"unpaired:{asked.partition(':')[2]} reads them as such"
        )
    layout = {top: SPLITS[top.lower()] for top in tops if top.lower() in SPLITS}
    if len(layout) < min(2, len(tops)):
        return {}  # a class may be called "train"
    beside = next((name for name in names if name.partition("/")[0] not in layout), None)
    if layout and (beside or sorted(set(layout.values())) != sorted(layout.values()) or "train" not in layout.values()):
        raise ValueError(
            f"dataset={asked!r}: {', '.join(layout)} are read as splits, of which there must be one train, at most one "
            "validation and one test, and nothing beside them" + (f", but there is {beside}" if beside else "")
        )
    return layout


def _check_classes(files: Sequence[File], layout: dict[str, str], asked: str) -> None:
    loose = next((file for file in files if not file.label), None)
    nested = next((file for file in files if file.label), None)
    if loose and nested:
        raise ValueError(
            f"dataset={asked!r}: {loose.name} lies beside folders that are classes, such as {nested.label}/; move it "
            "into one of them"
        )
    learned = {file.label for file in files if file.split == "train"}
    unknown = next((file for file in files if layout and file.label not in learned), None)
    if unknown:
        raise ValueError(f"dataset={asked!r}: {unknown.name} is of class {unknown.label!r}, which no training file is")
