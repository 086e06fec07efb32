"""Distances of sets of features against closed forms, loops and scipy."""

import numpy as np
import pytest
from scipy import linalg

from tfgen.metrics import frechet, neighbours

RANDOM = np.random.default_rng(0)
ONE = RANDOM.normal(size=(300, 5)) @ RANDOM.normal(size=(5, 5)) + 1.0
OTHER = RANDOM.normal(size=(200, 5)) @ RANDOM.normal(size=(5, 5))


def test_frechet_distance_against_a_matrix_root():
    covariances = [np.cov(part.T) for part in (ONE, OTHER)]
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    expected = np.sum((ONE.mean(0) - OTHER.mean(0)) ** 2) + np.trace(sum(covariances) - 2 * root)
    np.testing.assert_allclose(frechet.frechet_distance(ONE, OTHER), expected, rtol=1e-8)
    np.testing.assert_allclose(frechet.frechet_distance(ONE, ONE), 0.0, atol=1e-8)
    # Of one dimension: (m1 - m2)^2 + (s1 - s2)^2; and of fewer pictures than features there is no root to fail.
    a, b = ONE[:, :1], OTHER[:, :1]
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    np.testing.assert_allclose(frechet.frechet_distance(a, b), expected, rtol=1e-8)
    assert np.isfinite(frechet.frechet_distance(ONE[:3], OTHER[:4]))


def test_an_interval_holds_the_distance_and_narrows_with_pictures():
    widths = []
    for rows in (100, 2000):
        a, b = RANDOM.normal(size=(rows, 3)), RANDOM.normal(size=(rows, 3)) + 0.5
        low, high = frechet.interval(a, b, resamples=40)
        assert low < frechet.frechet_distance(a, b) < high
        widths.append(high - low)
    assert widths[1] < widths[0] / 2
    few = RANDOM.normal(size=(2, 60, 20))  # drawn from themselves, so few pictures are much further apart
    low, high = frechet.interval(*few, resamples=40)
    assert low < frechet.frechet_distance(*few) < high
    # As wide as the distances of sets that are drawn anew from the distribution itself.
    draws = [
        frechet.frechet_distance(RANDOM.normal(size=(2000, 3)), RANDOM.normal(size=(2000, 3)) + 0.5) for _ in range(60)
    ]
    np.testing.assert_allclose(widths[1], np.ptp(np.quantile(draws, [0.05, 0.95])), rtol=0.6)


def test_kernel_distance_against_a_loop():
    a, b = ONE[:7], OTHER[:7]
    k = lambda x, y: (x @ y / 5 + 1) ** 3  # noqa: E731
    pairs = [(i, j) for i in range(7) for j in range(7)]
    expected = np.mean([k(a[i], a[j]) + k(b[i], b[j]) for i, j in pairs if i != j])
    expected -= 2 * np.mean([k(a[i], b[j]) for i, j in pairs])
    np.testing.assert_allclose(frechet.kernel_distance(a, b, subsets=1), expected, rtol=1e-8)
    near = [frechet.kernel_distance(*RANDOM.normal(size=(2, 400, 3)), subset=100, subsets=20) for _ in range(20)]
    assert abs(np.mean(near)) < 3 * np.std(near) / np.sqrt(20) + 1e-3  # unbiased


def test_classifier_score_at_its_ends():
    np.testing.assert_allclose(frechet.classifier_score(np.eye(4)[np.arange(40) % 4]), 4.0)
    np.testing.assert_allclose(frechet.classifier_score(np.eye(4)[np.zeros(40, int)]), 1.0)
    np.testing.assert_allclose(frechet.classifier_score(np.full((9, 4), 0.25)), 1.0)
    p = RANDOM.dirichlet(np.ones(3), 50)
    kl = [np.sum(row * np.log(row / p.mean(0))) for row in p]
    np.testing.assert_allclose(frechet.classifier_score(p), np.exp(np.mean(kl)), rtol=1e-6)


def test_quality_against_loops():
    real, fake, k = ONE[:40], OTHER[:30], 3
    distance = lambda x, y: np.linalg.norm(x - y)  # noqa: E731
    radius = lambda x, among: sorted(distance(x, y) for y in among)[k]  # noqa: E731
    real_radii, fake_radii = [radius(x, real) for x in real], [radius(x, fake) for x in fake]
    held = np.array([[distance(f, r) <= radii for r, radii in zip(real, real_radii, strict=True)] for f in fake])
    covers = np.array([[distance(r, f) <= radii for f, radii in zip(fake, fake_radii, strict=True)] for r in real])
    found = neighbours.quality(real, fake, k)
    assert found == pytest.approx(
        {
            "precision": held.any(1).mean(),
            "recall": covers.any(1).mean(),
            "density": held.sum() / (k * len(fake)),
            "coverage": held.any(0).mean(),
        }
    )
    assert 0 < found["precision"] < 1 and 0 < found["coverage"] < 1


def test_quality_tells_lost_modes_from_bad_samples():
    modes = RANDOM.normal(size=(600, 2)) * 0.1 + np.repeat([[0, 0], [5, 0], [0, 5]], 200, axis=0)
    lost = neighbours.quality(modes, modes[:200] + RANDOM.normal(size=(200, 2)) * 0.02)
    bad = neighbours.quality(modes, RANDOM.uniform(-5, 10, (200, 2)))
    assert lost["precision"] > 0.9 and lost["coverage"] < 0.4 and bad["precision"] < 0.2


def test_memorisation_is_seen():
    train, held_out = RANDOM.normal(size=(2, 500, 4))
    assert 0.8 < neighbours.memorisation_ratio(RANDOM.normal(size=(500, 4)), train, held_out) < 1.2
    assert neighbours.memorisation_ratio(train[:200] + 0.01, train, held_out) < 0.1
