"""Does a picture show what it was told to? By what a classifier of each factor, which knows no text, sees in it."""

from collections.abc import Mapping

import numpy as np

Seen = Mapping[str, np.ndarray]  # by factor: ln P(value | picture), float [N, its values]


def attribute_accuracy(seen: Seen, factors: np.ndarray) -> dict[str, float]:
    """The share of pictures in which each factor has the value int [N, F] that was told; the mean of these shares, and
    the share of pictures in which all have."""
    right = {name: one.argmax(axis=1) == factors[:, i] for i, (name, one) in enumerate(seen.items())}
    shares = {name: float(one.mean()) for name, one in right.items()}
    return shares | {
        "mean": float(np.mean(list(shares.values()))),
        "all": float(np.all([*right.values()], axis=0).mean()),
    }


def retrieval(seen: Seen, factors: np.ndarray, k: int, seed: int) -> float:
    """The share of pictures that are likelier with the factors int [N, F] of their own text than with those of k - 1
    others, drawn from the rest. Of texts that are equally likely each counts as a part of one, so that 1 / k is what a
    picture reaches that tells nothing.

    Raises:
      ValueError: where there are fewer than k.
    """
    count, rng = len(factors), np.random.default_rng(seed)
    if count < k:
        raise ValueError(f"k={k}: there are only {count} texts to choose from")
    own = np.arange(count)[:, None]
    others = np.stack([rng.permutation(count - 1)[: k - 1] for _ in range(count)])
    asked = factors[np.concatenate([own, others + (others >= own)], axis=1)]  # [N, k, F]
    scores = sum(np.take_along_axis(one, asked[..., i], axis=1) for i, one in enumerate(seen.values()))
    best = np.isclose(scores, scores.max(axis=1, keepdims=True), rtol=0.0, atol=1e-6)
    return float((best[:, 0] / best.sum(axis=1)).mean())
