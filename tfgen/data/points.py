"""Points of one or two dimensions, most of them of a known density, and those of a .npz file."""

import dataclasses

import numpy as np
from sklearn.datasets import make_moons

from tfgen.data import arrays

COUNT = 10_000


@dataclasses.dataclass(frozen=True)
class NormalMixture:
    """sum_k weight_k N(centre_k, stddev_k^2 I).

    Args:
      centres: [K, D].
      stddevs: [K].
      weights: [K], sum 1.
    """

    centres: np.ndarray
    stddevs: np.ndarray
    weights: np.ndarray

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """[count, D]."""
        k = random.choice(len(self.weights), count, p=self.weights)
        return self.centres[k] + self.stddevs[k, None] * random.normal(size=(count, self.centres.shape[1]))

    def log_prob(self, points: np.ndarray) -> np.ndarray:
        """ln p, nats: [N, D] -> [N]."""
        squares = np.square((points[:, None] - self.centres) / self.stddevs[:, None]).sum(-1)
        log_volumes = self.centres.shape[1] * np.log(self.stddevs * np.sqrt(2.0 * np.pi))
        return np.logaddexp.reduce(np.log(self.weights) - log_volumes - 0.5 * squares, axis=1)


def alike(centres, stddev: float) -> NormalMixture:
    """A mixture of normals of one weight and one deviation."""
    centres = np.asarray(centres, np.float64)
    return NormalMixture(centres, np.full(len(centres), stddev), np.full(len(centres), 1.0 / len(centres)))


_ANGLES = np.arange(8) * np.pi / 4
_SIDE = np.arange(-2.0, 3.0)
# Data sets whose modes lie apart: the same as those on which GANs lose some (Metz et al. 2017, "Unrolled Generative
# Adversarial Networks", appendix C; Lin et al. 2018, "PacGAN", section 4.1), wider, so that a person sees them.
MODES = {
    "ring": alike(2.0 * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=-1), 0.1),
    "grid": alike(np.stack(np.meshgrid(_SIDE, _SIDE), axis=-1).reshape(-1, 2), 0.1),
}
# Data sets of a known density.
DENSITIES = MODES | {
    "moons": alike(
        make_moons(200, shuffle=False)[0], 0.1
    ),  # scikit-learn's two arcs with noise, from 100 places on each
    "mixture": NormalMixture(np.array([[-3.0], [0.0], [1.5]]), np.array([0.5, 1.0, 0.15]), np.array([0.3, 0.5, 0.2])),
}


def pinwheel(random: np.random.Generator, count: int, arms: int = 5) -> np.ndarray:
    """[count, 2] on arms that turn with the radius: Johnson et al. 2016, https://arxiv.org/abs/1603.06277, as in the
    authors' code, a tenth of its size. Its density has no closed form that is as simple."""
    radius, across = 1.0 + 0.3 * random.normal(size=count), 0.05 * random.normal(size=count)
    angle = 2.0 * np.pi * random.integers(arms, size=count) / arms + 0.25 * np.exp(radius)
    cos, sin = np.cos(angle), np.sin(angle)
    return 2.0 * np.stack([cos * radius - sin * across, sin * radius + cos * across], axis=-1)


def generated(name: str) -> np.ndarray:
    """The data set of a name: float32 [10000, D], always the same."""
    random = np.random.default_rng(0)
    points = pinwheel(random, COUNT) if name == "pinwheel" else DENSITIES[name].draw(random, COUNT)
    return points.astype(np.float32)


def read(dataset: str) -> np.ndarray:
    """The points float32 [N, D] of "points:FILE.npz".

    Raises:
      ValueError: where they are missing, misshapen, not real or not finite.
    """
    points = arrays.read(dataset, ("point",)).get("point")
    if points is None or points.ndim != 2:
        raise ValueError(f"dataset={dataset!r}: needs an array 'point' of shape [N, D]")
    return points
