"""Decoded data sets on disk, between runs: in TFGEN_CACHE_DIR, or else ~/.cache/tfgen. It may be deleted at any time.

An entry is a .npz file, named after what was asked for and a hash of all that it was made of: the files by name, size
and time, the fixed transforms, the code that read them and the libraries that decoded. Whatever changes, another name
is looked for; the file of before is deleted when its successor is written.
"""

import functools
import hashlib
import importlib.metadata
import json
import os
import pathlib
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping

import numpy as np
import PIL
import tensorflow as tf

HEADER = "header.json"
STALE = 24 * 3600  # seconds after which a half written file is nobody's


def folder() -> pathlib.Path:
    """Where entries lie."""
    return pathlib.Path(os.environ.get("TFGEN_CACHE_DIR") or "~/.cache/tfgen").expanduser()


def path_of(asked: Iterable[str], sources: Iterable[str]) -> pathlib.Path:
    """The file of a data set that was asked for in these words and is made of these files.

    Args:
      asked: the name first, then all else that tells it apart: its place, transforms, options.
      sources: paths of the files that it is made of.
    """
    asked = list(asked)
    stats = [(str(path), (stat := os.stat(path)).st_size, stat.st_mtime_ns) for path in sources]
    name = re.sub(r"\W+", "_", asked[0]).strip("_")[-40:]
    return folder() / f"{name}-{_hash(asked)}-{_hash([_made_by(), stats])}.npz"


def read(path: pathlib.Path) -> tuple[dict, dict[str, np.ndarray]] | None:
    """(header, arrays) of an entry, or None where there is none, or it is damaged: then it will be made anew."""
    try:
        with path.open("rb") as opened, np.load(opened) as file:  # a zip file: each array has a checksum
            arrays = {name: file[name] for name in file.files}
        return json.loads(arrays.pop(HEADER).tobytes()), arrays
    except (FileNotFoundError, NotADirectoryError):
        return None
    except Exception as error:  # a damaged file may raise anything
        _say(f"{path} is damaged ({type(error).__name__}: {error}) and will be made anew")
        return None


def write(path: pathlib.Path, header: Mapping, arrays: Mapping[str, np.ndarray]) -> None:
    """Keeps an entry, whole or not at all, and says so. A disk that is full or read-only is no reason to stop."""
    partial = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _tidy(path)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
            partial = pathlib.Path(file.name)
            np.savez(file, **arrays, **{HEADER: np.frombuffer(json.dumps(header).encode(), np.uint8)})
        partial.replace(path)
        _say(f"decoded data kept for the next run: {path}, {path.stat().st_size / 1e6:.1f} MB (--nocache: not)")
    except OSError as error:
        if partial:
            partial.unlink(missing_ok=True)
        _say(f"decoded data could not be kept in {path.parent}: {error.strerror or error}")


def _tidy(path: pathlib.Path) -> None:
    """Deletes what was asked for in the same words and made of something else, and what a killed process left."""
    for old in path.parent.glob(f"{path.stem.rpartition('-')[0]}-*.npz"):
        if old != path:
            old.unlink(missing_ok=True)
    for partial in path.parent.glob("*.partial"):
        if time.time() - partial.stat().st_mtime > STALE:
            partial.unlink(missing_ok=True)


@functools.cache
def _made_by() -> str:
    """A hash of the code and the libraries that make an entry."""
    here = pathlib.Path(__file__).parent
    code = [file.read_text() for file in sorted([*here.glob("*.py"), here.parent / "ops" / "audio.py"])]
    # The version of TFDS without its import, which takes seconds.
    return _hash([*code, tf.__version__, PIL.__version__, importlib.metadata.version("tensorflow-datasets")])


def _hash(value) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
