"""Autoencoders: the loss and its reduction, what noise does and when, principal components, four convolutions."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import PCA

from tests.test_zoo import compiled, fresh
from tfgen import data as datasets
from tfgen import zoo
from tfgen.distributions.points import Picture, Point
from tfgen.metrics.reconstruction import pca_errors
from tfgen.ops import seeds
from trainers import measures

IMAGE = tf.constant(np.random.default_rng(0).integers(0, 5, [3, 8, 8, 1]), tf.uint8)


def pictures_of_two_factors(count: int) -> np.ndarray:
    """uint8 [N, 2, 3, 1] of 256 levels near a plane, its second axis half as long as its first."""
    rng = np.random.default_rng(1)
    plane = rng.normal(size=[count, 2]) * [1.0, 0.5] @ np.linalg.qr(rng.normal(size=[6, 2]))[0].T
    return (
        np.clip(np.round(127 + 40 * plane + 4 * rng.normal(size=[count, 6])), 0, 255)
        .astype(np.uint8)
        .reshape([count, 2, 3, 1])
    )


def test_the_loss_is_the_sum_of_squares_over_pixels_in_0_to_1_and_the_mean_over_the_batch():
    model = fresh("autoencoder")
    made = model.decode(model.encode(IMAGE).draw(None).value).mean.numpy() / 4.0  # levels 0 .. 4
    squares = np.square(IMAGE.numpy() / 4.0 - made)
    logged = model.test_step({"image": IMAGE})
    np.testing.assert_allclose(logged["loss"], squares.sum() / 3, rtol=1e-5)
    np.testing.assert_allclose(logged["squared_error"], squares.sum() / 3, rtol=1e-5)
    np.testing.assert_allclose(logged["mse_per_pixel"], squares.mean(), rtol=1e-5)
    assert model.units["loss"] == model.units["mse_per_pixel"] == "squares of 0..1"


def test_noise_blackens_its_share_of_what_the_encoder_sees_in_training_alone():
    model, seen = fresh("autoencoder"), []
    model.noise, model.encoder = 0.3, lambda pixels, training: seen.append(pixels.numpy()) or tf.zeros([len(pixels), 3])
    image, seed = tf.fill([500, 8, 8, 1], tf.constant(4, tf.uint8)), seeds.seed_rows(500)
    whole = model._terms({"image": image}, seed, training=False)["squared_error"]
    noisy = model._terms({"image": image}, seed, training=True)["squared_error"]
    model._terms({"image": image[:2]}, seed[7:9], training=True)
    np.testing.assert_array_equal(seen[0], 1.0)
    black = seen[1] == -1.0
    assert (black | (seen[1] == 1.0)).all()
    np.testing.assert_allclose(black.mean(), 0.3, atol=4 * (0.3 * 0.7 / black.size) ** 0.5)
    np.testing.assert_array_equal(seen[2], seen[1][7:9])  # by its seed row alone
    np.testing.assert_array_equal(noisy, whole)  # held to the whole picture


def test_the_linear_one_learns_the_plane_of_principal_components():
    images = pictures_of_two_factors(200)
    keras.utils.set_random_seed(0)
    model = zoo.build("autoencoder", image_shape=(2, 3, 1), latent_dim=2, architecture="linear")
    compiled(model, lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 1000)))
    data = tf.data.Dataset.from_tensors({"image": tf.constant(images)}).repeat()
    model._steps_at_once = 500
    model.fit(data, steps_per_epoch=1000, verbose=0)
    flat = images.reshape(200, 6) / 255.0
    pca = PCA(2).fit(flat)
    plane = np.linalg.qr(model.decoder.layers[0].kernel.numpy().T)[0]
    np.testing.assert_allclose(np.linalg.svd(pca.components_ @ plane)[1], 1.0, atol=1e-3)  # cosines of their angles
    error = np.mean((pca.inverse_transform(pca.transform(flat)) - flat) ** 2)
    mine = model._terms({"image": tf.constant(images)}, None, False)["mse_per_pixel"].numpy().mean()
    np.testing.assert_allclose(mine, error, rtol=2e-3)


def test_pca_errors_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=[40, 3, 4]) + 1.0, rng.normal(size=[9, 3, 4])
    for dims, error in pca_errors(train, test, [1, 5, 12, 20]).items():
        pca = PCA(min(dims, 12)).fit(train.reshape(40, 12))
        again = pca.inverse_transform(pca.transform(test.reshape(9, 12)))
        np.testing.assert_allclose(error, np.mean((again - test.reshape(9, 12)) ** 2), atol=1e-12)


@pytest.mark.parametrize(
    "shape, smallest", [((8, 8, 1), (2, 2)), ((28, 28, 1), (4, 4)), ((32, 32, 3), (2, 2)), ((3, 5, 1), (3, 5))]
)
def test_four_convolutions_and_four_up_convolutions_at_every_size(shape, smallest):
    model = zoo.build("autoencoder", image_shape=shape, latent_dim=5, width=2, architecture="conv")
    image = tf.zeros([2, *shape], tf.uint8)
    assert model.reconstruct(image).shape == (2, *shape) and model.encode(image).moments()["mean"].shape == (2, 5)
    for part, kind in ((model.encoder, keras.layers.Conv2D), (model.decoder, keras.layers.Conv2DTranspose)):
        assert sum(type(layer) is kind for layer in part.layers) == 4
    assert model.encoder.layers[3].output.shape[1:3] == smallest


def test_points_and_pictures_are_distributions_of_one_outcome():
    point = Point(tf.constant([[1.0, 2.0]]))
    np.testing.assert_array_equal(point.draw(None).value, point.moments()["mean"])
    assert np.isinf(point.draw(None).log_prob) and np.isinf(point.kl(None, point.draw(None))[0])
    picture = Picture(tf.constant([0.4, 2.6, 9.0])[:, None, None, None], levels=4)
    np.testing.assert_array_equal(picture.show()[:, 0, 0, 0], [0, 3, 3])
    np.testing.assert_array_equal(picture.log_prob(tf.constant([0, 2, 3])[:, None, None, None]), [0.0, -np.inf, 0.0])
    assert not picture.moments()["stddev"].numpy().any() and not point.moments()["stddev"].numpy().any()


@pytest.mark.parametrize("row", ["autoencoder", "vae_conv"])
def test_measured_reconstruction_is_of_the_mean_code_beside_principal_components(row):
    data = datasets.load("digits")
    keras.utils.set_random_seed(0)
    model = zoo.build(row.split("_")[0], image_shape=(8, 8, 1), levels=17, latent_dim=3, width=4, depth=1)
    found = measures.measure(model, data, measures.Protocol(examples=30, batch_size=20), only=("reconstruction",))
    image = next(iter(data.batches("test", 30)))["image"]
    made = model.decode(model.encode(image).moments()["mean"]).moments()["mean"].numpy()
    errors = np.square((made - image.numpy()) / 16.0).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found["mse_per_pixel"], errors.mean(), atol=1e-6)
    np.testing.assert_allclose(found["mse_per_pixel_standard_error"], errors.std() / 30**0.5, atol=1e-6)
    pca = PCA(3).fit(data.splits["train"].tensors["image"].numpy().reshape(1000, 64) / 16.0)
    flat = image.numpy().reshape(30, 64) / 16.0
    error = np.mean((pca.inverse_transform(pca.transform(flat)) - flat) ** 2)
    np.testing.assert_allclose(found["pca_mse_per_pixel"], error, atol=1e-6)
    assert (found["mse_examples"], found["pca_training_examples"]) == (30, 1000)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"architecture": "cnn"}, "architecture='cnn': must be one of linear, mlp, conv"),
        ({"noise": 1.0}, r"noise=1.0: is a share of the pixels, and must lie in \[0, 1\)"),
        ({"latent_dim": 0}, "latent_dim=0: must be at least 1"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.create("autoencoder", image_shape=(8, 8, 1), **arguments)
