"""Which examples are for training, validation and test, and by what a split is known again."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

NAMES = ("train", "validation", "test")
BY_HASH = "about 80% train, 10% validation, 10% test by a hash of each"


def of(key: bytes) -> str:
    """The split of an example, from its SHA-256 modulo 10: 0 is validation, 1 is test, and all else train.

    It is a function of the example's own key: one more example moves no other to another split.
    """
    return {0: "validation", 1: "test"}.get(int(hashlib.sha256(key).hexdigest(), 16) % 10, "train")


def indices(splits: Sequence[str], noun: str) -> dict[str, np.ndarray]:
    """Where each split stands in `splits`, in order.

    Args:
      noun: what the examples are, in an error.
    Raises:
      ValueError: where one of the splits is empty.
    """
    found = {name: np.flatnonzero([split == name for split in splits]) for name in NAMES}
    for name, rows in found.items():
        if not len(rows):
            raise ValueError(
                f"only {len(splits)} {noun}, and none of them falls to the {name} split, as a hash of each decides: "
                "give more; a folder may also hold folders train/, validation/ and test/"
            )
    return found


def fixed(count: int) -> dict[str, np.ndarray]:
    """80%, 10% and 10% of a set that is always the same, shuffled once."""
    order = np.random.default_rng(0).permutation(count)
    held = count // 10
    return {
        "train": np.sort(order[2 * held :]),
        "validation": np.sort(order[:held]),
        "test": np.sort(order[held : 2 * held]),
    }


def fingerprint(keys: Iterable[bytes]) -> str:
    """The number of examples and a hash of their keys, in order."""
    digests = [hashlib.sha256(key).digest() for key in keys]
    return f"{len(digests)} examples (sha256 {hashlib.sha256(b''.join(digests)).hexdigest()[:16]})"


def difference(then: Mapping, now: Mapping) -> str:
    """What differs between two records of a data set (`Examples.record`), in a sentence; "" where nothing does.

    A record without a fingerprint, of a run from before there were any, is compared by its protocol alone.
    """
    old, new = then.get("fingerprint") or {}, now["fingerprint"]
    changed = [
        f"{name} is {new.get(name, 'gone')}, and was {old.get(name, 'not there')}"
        for name in dict.fromkeys([*old, *new])
        if old and old.get(name) != new.get(name)
    ]
    if not changed and then.get("protocol", now["protocol"]) != now["protocol"]:
        changed = [f"its protocol is {now['protocol']!r}, and was {then['protocol']!r}"]
    return "the data is not what it was: " + "; ".join(changed) if changed else ""
