"""Models of two families: what each half knows, against the halves by themselves."""

import keras
import numpy as np
import tensorflow as tf

from tfgen import zoo
from tfgen.ops import seeds

SIZES = {"latent_dim": 2, "width": 3, "depth": 1, "planes": 3, "layer_width": 4, "head_width": 16}


def pixel_vae(shape=(9, 8, 1), layers=2):
    keras.utils.set_random_seed(0)
    model = zoo.build("pixel_vae", image_shape=shape, levels=4, layers=layers, **SIZES)
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [0, i]))
    return model


def test_a_pixel_vae_draws_by_steps_what_it_draws_plainly():
    """Given z: compiled, in a graph, and with known values between."""
    model, shape = pixel_vae((4, 6, 2)), (4, 6, 2)
    likelihood = model.decode(tf.random.stateless_normal([3, 2], [1, 2]))
    uniforms = seeds.uniform(seeds.seed_rows(3, 2), shape)
    image = tf.cast(uniforms[::-1] * 4, tf.uint8)
    for known in (tf.zeros_like(image, tf.bool), uniforms[:, ::-1] < 0.5):
        plain = tf.function(likelihood.fill_plainly, autograph=False)(image, known, uniforms).numpy()
        np.testing.assert_array_equal(plain, likelihood.fill(image, known, uniforms))
        np.testing.assert_array_equal(plain, tf.function(likelihood.fill, autograph=False)(image, known, uniforms))
    assert (plain[0] != plain[1]).any()


def test_a_pixel_sees_z_and_the_pixels_before_it_that_are_near():
    model = pixel_vae()
    image = np.random.default_rng(0).integers(0, 4, (1, 9, 8, 1)).astype(np.uint8)
    z = tf.random.stateless_normal([1, 2], [1, 2])
    logits = model.decode(z).logits(tf.constant(image)).numpy()
    of_another_z = model.decode(z + 1.0).logits(tf.constant(image)).numpy()
    heard = np.abs(of_another_z - logits).max(axis=(0, 3, 4)) > 1e-5
    assert heard[0, 0] and heard[-1, -1] and heard.mean() > 0.8
    image[0, 2, 3] = (image[0, 2, 3] + 1) % 4
    moved = np.abs(model.decode(z).logits(tf.constant(image)).numpy() - logits).max(axis=(0, 3, 4)) > 1e-6
    order = np.arange(9 * 8).reshape(9, 8)
    assert not moved[order <= order[2, 3]].any() and moved[2, 4] and moved[3, 3]
    # Two layers: three rows, and then one more.
    assert moved[6].any() and not moved[7:].any()
