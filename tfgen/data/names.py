"""The names of data sets, and what was probably meant by one that is none. Imports no TensorFlow."""

import difflib
import pathlib
import re
from collections.abc import Iterable

POINTS = ("ring", "grid", "moons", "pinwheel", "mixture")
EMBEDDED = ("digits", "factors", "letters", "scenes", "tones", "pendulum", *POINTS)
INSTALLED = ("emoji", "photographs")  # of packages that who wants them installs
# What may come before a colon -> what has to come after it.
PREFIXES = {
    "folder": "the folder, like folder:/data/pictures",
    "captions": "the folder, like captions:/data/birds",
    "audio": "the folder, like audio:/data/speech",
    "series": "the file, like series:/data/series.npz",
    "points": "the file, like points:/data/points.npz",
    "pairs": "the folder, like pairs:/data/maps",
    "unpaired": "the folder with trainA/ and trainB/ in it, like unpaired:/data/horse2zebra",
    "fake": "a shape, like fake:64x64x3,classes=10,captions=1",
    "stacked": "a set of gray pictures with labels, like stacked:mnist",
    "zip": "two sets or more with a name for each, like zip:a=mnist,b=fashion_mnist",
}
# Some sets of TFDS, for who cannot be asked before it is imported: all that it has are taken.
TFDS = (
    *("mnist", "fashion_mnist", "binarized_mnist", "kmnist", "emnist", "omniglot", "svhn_cropped", "cifar10"),
    *("cifar100", "stl10", "celeb_a", "lsun/bedroom", "oxford_flowers102", "spoken_digit", "speech_commands"),
)
# dataset[/configuration][:version][/key=value,...]
TFDS_NAME = re.compile(r"\w+(/[\w.-]+)?(:[\d*]+\.[\d*]+\.[\d*]+)?(/\w+=[^/]+)?", re.ASCII)


def check(name: str) -> None:
    """Refuses what no data set can be called.

    Raises:
      ValueError: saying what was probably meant.
    """
    kind, colon, rest = name.partition(":")
    if kind in (*EMBEDDED, *INSTALLED) and colon:
        raise ValueError(f"dataset={name!r}: nothing may follow {kind!r}")
    if kind in PREFIXES and not rest:
        raise ValueError(f"dataset={name!r}: give {PREFIXES[kind]}")
    if kind == "zip":
        for part in parts(name).values():
            check(part)
    if kind == "stacked":
        check(rest)
    if kind not in PREFIXES and (not TFDS_NAME.fullmatch(name) or name.endswith(".npz")):
        raise ValueError(unknown(name))


def parts(name: str) -> dict[str, str]:
    """The sets in "zip:a=SET,b=SET", by their names in it.

    Raises:
      ValueError: where there are fewer than two, two have one name, or one is itself of several.
    """
    _, *found = re.split(r"(?:^|,)([a-z]\w*)=", name.partition(":")[2])
    sets = dict(zip(found[::2], found[1::2], strict=True))
    if len(sets) < 2 or len(sets) < len(found) // 2 or any(part.startswith("zip:") for part in sets.values()):
        raise ValueError(f"dataset={name!r}: give {PREFIXES['zip']}")
    return sets


def unknown(name: str, tfds: Iterable[str] = TFDS) -> str:
    """What to say of a name that no data set has."""
    meant = _meant(name, tfds)
    return (
        f"dataset={name!r}: there is no such data set"
        + (f" (did you mean {' or '.join(map(repr, meant))}?)" if meant else "")
        + f"; there are {', '.join(map(repr, EMBEDDED))} (embedded), {', '.join(map(repr, INSTALLED))}, "
        "'folder:PATH' of images, 'captions:PATH' of images and sentences, 'pairs:PATH' and 'unpaired:PATH' of images, "
        "'audio:PATH' of wav files, 'series:FILE.npz', 'points:FILE.npz', 'stacked:SET', 'zip:a=SET,b=SET', and the "
        "image and audio sets of TFDS: mnist, fashion_mnist, cifar10, celeb_a, lsun/bedroom, spoken_digit"
    )


def _meant(name: str, tfds: Iterable[str]) -> list[str]:
    kind, colon, rest = name.partition(":")
    prefix = difflib.get_close_matches(kind.lower(), PREFIXES, 1, 0.7)
    if colon and prefix:
        return [f"{prefix[0]}:{rest}"]
    place = rest or name
    path = pathlib.Path(place).expanduser()
    if place.endswith(".npz"):
        return [f"series:{place}", f"points:{place}"]
    if place and (path.exists() or place.startswith(("/", ".", "~"))):
        sound = any(file.suffix.lower() == ".wav" for file in path.glob("*"))
        return [f"{'audio' if sound else 'folder'}:{place}"]
    bare = {_bare(known): known for known in (*EMBEDDED, *INSTALLED, *tfds)}
    near = difflib.get_close_matches(_bare(kind), bare, 3, 0.75)
    return [bare[match] for match in (near[:1] if near[:1] == [_bare(kind)] else near)]


def _bare(name: str) -> str:
    return re.sub(r"\W|_", "", name).lower()
