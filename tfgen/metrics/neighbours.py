"""What the nearest neighbours of pictures tell, as features or pixels [N, F]: whether they are good, whether everything
is there, and whether they are remembered."""

import numpy as np
from sklearn.neighbors import NearestNeighbors


def nearest(points: np.ndarray, among: np.ndarray, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """(distances, indices) [N, k] of the k nearest of `among` [M, F] to each of `points` [N, F], the nearest first."""
    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(among).kneighbors(points)


def _radii(points: np.ndarray, k: int) -> np.ndarray:
    """How far the k-th neighbour of each is, itself left out: [N]."""
    return nearest(points, points, k + 1)[0][:, k]


def _within(points: np.ndarray, centres: np.ndarray, radii: np.ndarray, at_once: int = 1000) -> np.ndarray:
    """Which balls hold which point: bool [N, M]."""
    rows = []
    for first in range(0, len(points), at_once):
        part = points[first : first + at_once]
        squares = (part**2).sum(1)[:, None] + (centres**2).sum(1) - 2.0 * part @ centres.T
        rows.append(squares <= radii**2)
    return np.concatenate(rows)


def quality(real: np.ndarray, fake: np.ndarray, k: int = 5) -> dict[str, float]:
    """Precision and recall (Kynkäänniemi et al. 2019, "Improved Precision and Recall Metric for Assessing Generative
    Models", eq. 1 and 2), density and coverage (Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for
    Generative Models", eq. 4 and 5).

    precision: the share of fakes within the ball of some real picture, as far as its k-th real neighbour.
    recall: the share of real pictures within the ball of some fake.
    density: how many real balls hold a fake, over k; 1 for fakes like the real ones, and more where they crowd.
    coverage: the share of real balls that hold a fake.

    Args:
      real: [N, F].
      fake: [M, F].
      k: of the neighbours; of fewer pictures than that the last.
    """
    k = min(k, len(real) - 1, len(fake) - 1)
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    held = _within(fake, real, _radii(real, k))  # [M, N]
    return {
        "precision": float(held.any(axis=1).mean()),
        "recall": float(_within(real, fake, _radii(fake, k)).any(axis=1).mean()),
        "density": float(held.sum(axis=1).mean() / k),
        "coverage": float(held.any(axis=0).mean()),
    }


def memorisation_ratio(fake: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> float:
    """How near fakes [N, F] come to a training picture, in the median, over how near held-out pictures do: about 1 for
    a model that has learned the distribution, near 0 for one that repeats what it was shown."""
    median = np.median(nearest(held_out, train)[0])
    return float(np.median(nearest(fake, train)[0]) / max(median, 1e-12))
