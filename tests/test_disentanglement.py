"""Sets whose factors are known, and how much latents know of them: against a case by hand, scikit-learn, quadrature."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats
from sklearn.metrics import mutual_info_score

from tfgen import data as datasets
from tfgen import zoo
from tfgen.data import factors, letters
from tfgen.metrics import disentanglement as metrics
from tfgen.studies import disentanglement, table
from tfgen.studies.needs import offered
from tfgen.studies.settings import Settings

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def grid():
    return factors.read()


def rows_where(values, **wanted):
    """The rows of a grid with these numbers of factors."""
    names = list(factors.FACTORS)
    return np.flatnonzero(np.all([values[:, names.index(name)] == value for name, value in wanted.items()], axis=0))


def test_every_combination_of_factors_is_there_once(grid):
    images, values = grid
    assert images.shape == (4608, 32, 32, 1) and set(np.unique(images)) == {0, 1}
    np.testing.assert_array_equal(values.max(axis=0) + 1, [3, 4, 6, 8, 8])
    assert len(np.unique(values, axis=0)) == 4608 == math.prod(map(len, factors.FACTORS.values()))
    assert len(np.unique(images.reshape(4608, -1), axis=0)) == 4608
    assert not images[:, [0, -1]].any() and not images[:, :, [0, -1]].any()  # nothing is cut off, nor comes in again


def test_each_factor_moves_what_it_is_called(grid):
    images, values = grid
    pixels = images[..., 0].astype(float)
    area = pixels.sum(axis=(1, 2))
    down, right = np.mgrid[:32, :32] + 0.5
    x, y = ((pixels * axis).sum(axis=(1, 2)) / area for axis in (right, down))
    for name, place in (("x", x), ("y", y)):
        moved = [place[rows_where(values, shape=0, size=3, rotation=0, **{name: i})].mean() for i in range(8)]
        np.testing.assert_allclose(moved, factors.PLACES, atol=0.01)
    assert np.all(np.diff([area[rows_where(values, shape=0, size=i)].mean() for i in range(4)]) > 5)
    # An ellipse of half axes a and a / 2; its second moments turn with it.
    largest = rows_where(values, shape=0, size=3)
    np.testing.assert_allclose(area[largest].mean(), math.pi * 7.0 * 3.5, rtol=0.02)
    for i, angle in enumerate(factors.ANGLES):
        (row,) = rows_where(values, shape=0, size=3, rotation=i, x=3, y=4)
        covariance = np.cov(right.ravel(), down.ravel(), aweights=pixels[row].ravel())
        found = 0.5 * np.arctan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1])
        assert abs(math.sin(found - math.radians(angle))) < 0.1


def test_letters_are_of_sixteen_fonts_and_whole():
    images, values = letters.read()
    assert images.shape == (832, 28, 28, 1) and len(np.unique(images.reshape(832, -1), axis=0)) == 832
    assert not images[:, [0, -1]].any() and not images[:, :, [0, -1]].any()
    ink = images.mean(axis=(1, 2, 3))
    assert ink[values[:, 3] == 1].mean() > 1.2 * ink[values[:, 3] == 0].mean()  # bold
    assert ink[values[:, 1] == 1].mean() > ink[values[:, 1] == 0].mean()  # capitals
    same = [images[np.all(values == [11, 0, 1, 0, slant], axis=1)][0] for slant in (0, 1)]  # an l of the mono font
    assert (same[0] != same[1]).any()


def test_factors_go_with_their_images_into_batches_and_splits():
    data = datasets.load("factors")
    assert data.arguments == {"image_shape": (32, 32, 1), "levels": 2, "num_classes": 3}
    assert {name: split.size for name, split in data.splits.items()} == {"train": 3688, "validation": 460, "test": 460}
    images, values = factors.read()
    by_values = {tuple(row): image for row, image in zip(values, images, strict=True)}
    for batch in (next(iter(data.training_batches(20, 0))), next(iter(data.batches("test", 20)))):
        for image, row, label in zip(batch["image"], batch["factors"], batch["label"], strict=True):
            np.testing.assert_array_equal(image, by_values[tuple(row.numpy())])
            assert label == row[0]
    halved = datasets.load("letters", transform="resize:14")
    assert halved.arguments == {"image_shape": (14, 14, 1), "levels": 256, "num_classes": 26}


def test_the_gap_by_hand():
    """Of eq. 6: a factor known to one latent in full, one known to two alike, one known to none."""
    two = math.log(2.0)
    information = np.array([[two, 0.0, 0.1 * two], [0.4, 0.4, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(metrics.mutual_information_gap(information, np.full(3, two)), [0.9, 0.0, 0.0])
    values = np.array([[0, 0], [0, 1], [1, 0], [1, 2]])
    np.testing.assert_allclose(metrics.entropy(values), [two, 1.5 * two])
    codes = np.array([[0.1, 5.0], [0.2, -5.0], [9.0, 5.0], [9.1, -5.0]])  # the first latent is the first factor
    np.testing.assert_allclose(metrics.binned_information(codes, values, bins=2), [[two, 0.0], [0.5 * two, two]])


def test_information_by_counts_is_that_of_scikit_learn():
    codes, values = RANDOM.normal(size=[300, 2]), RANDOM.integers(0, 4, [300, 3])
    codes[:, 0] += values[:, 1]
    found = metrics.binned_information(codes, values, bins=7)
    for j, column in enumerate(codes.T):
        edges = np.linspace(column.min(), column.max(), 8)[1:-1]
        for k, value in enumerate(values.T):
            np.testing.assert_allclose(found[k, j], mutual_info_score(value, np.digitize(column, edges)), rtol=1e-9)


def test_information_of_normal_posteriors_is_that_of_quadrature():
    """The first latent has N(-1, 1) or N(1.5, .49) by the first factor; the second latent knows nothing."""
    value = np.arange(2000) % 2
    other = np.arange(2000) // 2 % 3
    mean = np.stack([np.where(value, 1.5, -1.0), np.zeros(2000)], axis=1)
    stddev = np.stack([np.where(value, 0.7, 1.0), np.ones(2000)], axis=1)
    found = metrics.gaussian_information(mean, stddev, np.stack([value, other], axis=1), draws=2000)
    parts = [stats.norm(-1.0, 1.0), stats.norm(1.5, 0.7)]

    def gain(z):
        densities = np.array([part.pdf(z) for part in parts])
        return sum(0.5 * p * np.log(p / densities.mean()) for p in densities)

    exact = integrate.quad(gain, -7.0, 7.0)[0]
    np.testing.assert_allclose(found[0, 0], exact, atol=0.03)
    np.testing.assert_allclose([found[0, 1], found[1, 0], found[1, 1]], 0.0, atol=1e-3)


def test_the_study_finds_the_factors_that_an_encoder_hands_through(tmp_path, monkeypatch):
    """An encoder of ours whose latents are x, then y, then noise."""
    data = datasets.load("factors")
    model = zoo.build("vae", image_shape=(32, 32, 1), levels=2, latent_dim=3, width=4, depth=1, architecture="mlp")
    down, right = np.mgrid[:32, :32].astype(np.float32)

    class Centres:
        def __init__(self, image):
            pixels = image.numpy()[..., 0].astype(np.float32)
            area = pixels.sum(axis=(1, 2))
            noise = RANDOM.normal(size=len(pixels))
            places = [(pixels * axis).sum(axis=(1, 2)) / area for axis in (right, down)]
            self.mean = np.stack([*places, noise], axis=1).astype(np.float32)

        def moments(self):
            return {"mean": tf.constant(self.mean), "stddev": tf.fill(self.mean.shape, 0.3)}

    monkeypatch.setattr(model, "encode", Centres)
    monkeypatch.setattr(disentanglement, "DRAWS", 200)
    line = table.conduct("disentanglement", offered(model, data), model, data, Settings(None), tmp_path)
    assert line["examples"] == 4608 and line["factors"] == ["shape", "size", "rotation", "x", "y"]
    for name in ("of q(z)", "of binned means"):
        shape, size, rotation, x, y = line["gap_of_factors"][name]
        assert min(x, y) > 0.8 and max(shape, size, rotation) < 0.15, name
        mean = (shape + size + rotation + x + y) / 5
        np.testing.assert_allclose(line["mutual_information_gap"][name], mean, atol=2e-4)
    digits = datasets.load("digits")
    with pytest.raises(ValueError, match="lacks factors with VAE on digits"):
        table.conduct("disentanglement", offered(model, digits), model, digits, Settings(None), tmp_path)
