"""Pixel ranges and seeds."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import stats

from tfgen.metrics.likelihood import bits_per_dim
from tfgen.metrics.modes import class_shares
from tfgen.ops import images, seeds


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_ranges_are_inverse_to_each_other(levels):
    image = np.arange(levels, dtype=np.uint8)
    symmetric = images.to_symmetric(image, levels).numpy()
    assert symmetric[0] == -1 and abs(symmetric[-1] - 1) < 1e-6
    np.testing.assert_array_equal(images.from_symmetric(symmetric, levels), image)
    np.testing.assert_array_equal(images.from_symmetric([-5.0, 5.0], levels), [0, levels - 1])
    shown = images.to_display(image, levels)
    assert shown[0] == 0 and shown[-1] == 255 and (np.diff(shown.astype(int)) > 0).all()


def test_grid_and_png_keep_every_pixel():
    pictures = np.arange(5 * 2 * 3, dtype=np.uint8).reshape(5, 2, 3, 1)
    grid = images.grid(pictures, columns=3, scale=2, border=1)
    assert grid.shape == (2 * 5 + 1, 3 * 7 + 1, 1)
    np.testing.assert_array_equal(grid[1:5:2, 8:14:2], pictures[1])
    np.testing.assert_array_equal(grid[6:10:2, 1:7:2], pictures[3])
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(images.encode_png(grid)))), grid[..., 0])


def test_draws_have_their_distribution():
    """Kolmogorov-Smirnov on 100,000 draws; streams of neighbouring seeds are not correlated."""
    seed = seeds.seed_rows(100)
    uniform, normal = seeds.uniform(seed, [1000]).numpy(), seeds.normal(seed, [1000]).numpy()
    assert 0 < uniform.min() and uniform.max() < 1 and np.isfinite(normal).all()
    assert stats.kstest(uniform.ravel(), "uniform").pvalue > 1e-3
    assert stats.kstest(normal.ravel(), "norm").pvalue > 1e-3
    correlation = np.corrcoef(uniform)
    assert np.abs(correlation - np.eye(100)).max() < 0.16


def test_a_row_depends_on_its_own_seed_alone_in_every_mode():
    seed = tf.constant([[1, 2], [-3, 4], [2**31 - 1, -(2**31)]], tf.int32)
    eager = seeds.normal(seed, [4, 2]).numpy()
    np.testing.assert_array_equal(eager, tf.function(lambda s: seeds.normal(s, [4, 2]))(seed))
    for i in range(3):
        np.testing.assert_array_equal(eager[i], seeds.normal(seed[i : i + 1], [4, 2])[0])


def test_the_bits_of_a_row_are_those_of_tensorflow():
    """All rows at once, value by value as `tf.random` draws them for one seed after another."""
    seed = tf.constant([[1, 2], [-3, 4], [2**31 - 1, -(2**31)]], tf.int32)
    for shape in ((), (5,), (4, 3)):
        each = [tf.random.stateless_uniform(shape, row, None, None, tf.uint32, alg="philox") for row in seed]
        np.testing.assert_array_equal(seeds.uniform(seed, shape), (np.stack(each) // 512 + 0.5) * 2.0**-23)
    np.testing.assert_array_equal(tf.stack(seeds.split(seed, 3), 1), [tf.random.split(row, 3) for row in seed])


def test_split_makes_independent_streams():
    one, two = seeds.split(seeds.seed_rows(50), 2)
    assert len(np.unique(np.concatenate([one, two, seeds.seed_rows(50)]), axis=0)) == 150


def test_the_number_of_rows_stays_known_in_a_graph_that_comes_after_another():
    """Loops over an unknown number of rows fail in a graph of a known one."""
    for rows in (3, 1):
        graph = tf.function(lambda seed: (seeds.uniform(seed, (4,)), *seeds.split(seed, 2)))
        graph = graph.get_concrete_function(tf.TensorSpec([rows, 2], tf.int32))
        assert [list(value.shape) for value in graph.structured_outputs] == [[rows, 4], [rows, 2], [rows, 2]]


def test_the_seeds_of_a_step_depend_on_seed_step_and_stream():
    whole = seeds.step_rows(1, tf.constant(5, tf.int64), 2, 8)
    np.testing.assert_array_equal(whole, seeds.step_rows(1, 5, 2, 8))
    assert len(np.unique(whole, axis=0)) == 8
    for other in (seeds.step_rows(2, 5, 2, 8), seeds.step_rows(1, 6, 2, 8), seeds.step_rows(1, 5, 3, 8)):
        assert not (other.numpy() == whole.numpy()).any()


def test_bits_per_dim_of_a_uniform_image():
    np.testing.assert_allclose(bits_per_dim(28 * 28 * np.log(256), (28, 28, 1)), 8.0)


def test_class_shares():
    np.testing.assert_allclose(class_shares([0, 0, 2, 2], 4), [0.5, 0, 0.5, 0])
