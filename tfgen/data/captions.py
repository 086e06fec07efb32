"""The sentences of a folder of pictures: lines of captions.jsonl, or a .txt of the same name beside each."""

import json
import os
import pathlib
from collections.abc import Sequence

from tfgen.data import files

NAME = "captions.jsonl"  # a line: {"image": its path from the folder that this file lies in, "caption": ...}
MULTIPLE = 16  # bytes: models are made for texts of a multiple of these


def of(folder: str, found: Sequence[files.File], asked: str) -> list[list[bytes]]:
    """The captions of each picture, one at least, in UTF-8; blanks around them are left out.

    Args:
      folder: where every captions.jsonl, in it or below it, is read.
      found: its pictures. One that no line names has a .txt beside it, of a caption in each line.
      asked: the data set as it was asked for, for errors.
    Raises:
      ValueError: naming the file, and the line, that is no caption of a picture, or a picture without a caption.
    """
    captions = {os.path.realpath(file.path): [] for file in found}
    for path in files.walk(pathlib.Path(folder).expanduser()):
        if os.path.basename(path) == NAME:
            for number, line in enumerate(_lines(path), start=1):
                picture, text = _parsed(f"{path}, line {number}", line)
                picture = os.path.realpath(os.path.join(os.path.dirname(path), picture))
                if picture not in captions:
                    raise ValueError(f"{path}, line {number}: there is no picture {picture}")
                captions[picture].append(_checked(f"{path}, line {number}", text))
    for picture, texts in captions.items():
        beside = f"{os.path.splitext(picture)[0]}.txt"
        if not texts and os.path.exists(beside):
            lines = enumerate(_lines(beside), start=1)
            texts += [_checked(f"{beside}, line {number}", line) for number, line in lines]
        if not texts:
            line = json.dumps({"image": os.path.basename(picture), "caption": "..."})
            raise ValueError(
                f"dataset={asked!r}: {picture} has no caption; give it the line {line} in a {NAME} beside it, or a "
                f"{os.path.basename(beside)}"
            )
    return [captions[os.path.realpath(file.path)] for file in found]


def size(captions: Sequence[Sequence[bytes]]) -> int:
    """Bytes that hold the longest."""
    return -(-max(len(text) for texts in captions for text in texts) // MULTIPLE) * MULTIPLE


def _lines(path: str) -> list[str]:
    try:
        return pathlib.Path(path).read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: must be UTF-8 ({error.reason} at byte {error.start})") from error


def _parsed(place: str, line: str) -> tuple[str, str]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: this is no JSON ({error.msg} at character {error.pos + 1})") from error
    if not isinstance(record, dict) or not all(isinstance(record.get(key), str) for key in ("image", "caption")):
        raise ValueError(f"{place}: must be an object with 'image' and 'caption', both strings")
    return record["image"], record["caption"]


def _checked(place: str, text: str) -> bytes:
    if not (text := text.strip()) or "\0" in text:
        raise ValueError(f"{place}: the caption is empty" if not text else f"{place}: a caption must have no NUL in it")
    return text.encode()
