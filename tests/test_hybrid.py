"""Models of two families: what each half knows, against the halves by themselves."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from tests.zoo import ROWS
from tfgen import data, zoo
from tfgen.data import registry
from tfgen.distributions.latents import OneHot, SideBySide, standard_normal
from tfgen.distributions.points import Point
from tfgen.hybrid import adversarial_autoencoder
from tfgen.metrics.latents import mean_discrepancy
from tfgen.ops import seeds
from tfgen.studies import aggregated
from tfgen.studies.settings import Settings
from trainers import measures

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


def class_autoencoder(**options):
    keras.utils.set_random_seed(0)
    name, arguments = ROWS["class_adversarial_autoencoder"]
    return zoo.build(name, **arguments | {"noise": 0.0} | options)


def dense(network, x):
    """A network of rectified layers and a linear one, by its weights."""
    weights = [variable.numpy() for variable in network.trainable_variables]
    for i in range(0, len(weights), 2):
        x = x @ weights[i] + weights[i + 1]
        x = np.maximum(x, 0.0) if i + 2 < len(weights) else x
    return x


def test_the_four_players_against_numpy():
    """What each minimises, of examples with a label (0) and without one (K = 3)."""
    model, seed = class_autoencoder(), seeds.seed_rows(6)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 2, (6, 5, 6, 1)).astype(np.uint8)
    label = np.array([3, 1, 3, 0, 3, 2], np.int32)
    batch = {"image": tf.constant(image), "label": tf.constant(label)}
    raw = dense(model.encoder, (2.0 * image - 1.0).reshape(6, -1))
    code = np.concatenate([special.softmax(raw[:, :3], axis=1), raw[:, 3:]], axis=1)
    np.testing.assert_allclose(model.encode(batch["image"]).value, code, atol=1e-5)
    np.testing.assert_allclose(model.classify(batch["image"]), code[:, :3], atol=1e-5)
    made = special.expit(dense(model.decoder, code)).reshape(image.shape)
    squares = np.square(image - made).sum(axis=(1, 2, 3))
    drawn = model.prior().draw(seeds.split(seed, 2)[0]).value.numpy()
    assert (drawn[:, :3].sum(axis=1) == 1).all() and (drawn[:, :3].max(axis=1) == 1).all()

    def logits(z):
        style, of_class = model.discriminators["style"], model.discriminators["class"]
        return {"style": dense(style, z[:, 3:])[:, 0], "class": dense(of_class, z[:, :3])[:, 0]}

    softplus = lambda x: np.logaddexp(0.0, x)  # noqa: E731
    wanted = {"autoencoder": {"squared_error": squares}, "discriminator": {}, "generator": {}, "teacher": {}}
    for name, of_codes in logits(code).items():
        wanted["discriminator"] |= {f"real_{name}": softplus(-logits(drawn)[name]), f"fake_{name}": softplus(of_codes)}
        wanted["generator"][f"fooling_{name}"] = softplus(-of_codes)
    of_label = -np.log(code[np.arange(6), np.minimum(label, 2)])
    for player in model.players():
        for training in (True, False):
            terms = player.terms(batch, seed, training)
            if player.name == "teacher":
                np.testing.assert_allclose(terms["class_error"], np.where(label == 3, 0.0, of_label), atol=1e-4)
                continue
            assert set(terms) == set(wanted[player.name])
            for name, value in wanted[player.name].items():
                value = np.where(label == 3, value, 0.0) if training else value
                np.testing.assert_allclose(terms[name], value, rtol=1e-4, atol=1e-4, err_msg=name)
        moves = {"autoencoder": "encoder decoder", "generator": "encoder", "teacher": "encoder"}.get(player.name)
        parts = [getattr(model, part) for part in moves.split()] if moves else list(model.discriminators.values())
        assert {id(v) for v in player.variables} == {id(v) for part in parts for v in part.trainable_variables}


def test_a_decoder_that_is_told_the_label_hears_it_and_the_encoder_does_not():
    name, arguments = ROWS["adversarial_autoencoder"]
    keras.utils.set_random_seed(0)
    model = zoo.build(name, **arguments)
    image, seed = tf.zeros([3, 8, 8, 1], tf.uint8), seeds.seed_rows(1)
    z = tf.repeat(model.prior().draw(seed).value, 3, axis=0)
    made = model.decode(z, label=tf.range(3)).mean.numpy()
    told = dense(model.decoder, np.concatenate([z, np.eye(3)], axis=1)).reshape(made.shape)
    np.testing.assert_allclose(made, 4.0 * special.expit(told), rtol=1e-4)
    assert np.abs(made[0] - made[1]).max() > 1e-3 and np.abs(made[1] - made[2]).max() > 1e-3
    codes = model.encode(image, label=tf.range(3)).value.numpy()
    np.testing.assert_array_equal(codes, model.encode(image).value.numpy())


def test_noise_is_on_what_the_encoder_sees_in_training_alone():
    model, seed = class_autoencoder(noise=0.5), seeds.seed_rows(4)
    batch = {"image": tf.zeros([4, 5, 6, 1], tf.uint8), "label": tf.fill([4], 3)}
    seen = model._seen(batch, seed, True).numpy() + 1.0
    assert 0.4 < seen.std() < 0.6 and (model._seen(batch, seed, False).numpy() == -1.0).all()


@pytest.mark.parametrize("name", ["ring", "swiss_roll"])
def test_priors_of_shapes_are_densities_that_are_drawn_from(name):
    prior = adversarial_autoencoder.PRIORS[name](3)
    drawn = prior.draw(seeds.seed_rows(4000)).value.numpy()
    # The plane's share of probability in a square against that of draws, by a sum over a fine grid.
    side = np.linspace(0.0, 3.0, 121)
    middle = (side[1:] + side[:-1]) / 2
    grid = np.stack(np.meshgrid(middle, middle), axis=-1).reshape(-1, 2)
    points = np.concatenate([grid, np.zeros([len(grid), 1])], axis=1).astype(np.float32)
    of_third = np.log(np.sqrt(2 * np.pi))  # the third dimension is normal, and taken at 0
    share = (np.exp(prior.log_prob(points).numpy() + of_third) * (side[1] - side[0]) ** 2).sum()
    inside = ((drawn[:, :2] > 0) & (drawn[:, :2] < 3)).all(axis=1).mean()
    np.testing.assert_allclose(inside, share, atol=0.03)
    assert 0.02 < share < 0.4 and abs(drawn[:, 2].std() - 1.0) < 0.05
    radius = np.hypot(*drawn[:, :2].T)
    if name == "ring":
        assert abs(radius.mean() - 4.0) < 0.1
        turn = np.bincount(np.round(np.arctan2(*drawn[:, 1::-1].T) / (2 * np.pi / 10)).astype(int) % 10) / 4000
        np.testing.assert_allclose(turn, 0.1, atol=0.025)


def test_vectors_side_by_side():
    both = SideBySide((OneHot(tf.math.log([0.2, 0.8])), 2), (standard_normal(3), 3))
    drawn = both.draw(seeds.seed_rows(2000))
    value = drawn.value.numpy()
    assert abs(value[:, 1].mean() - 0.8) < 0.03 and abs(value[:, 2:].std() - 1) < 0.05
    of_class = np.log(np.where(value[:, 1] == 1, 0.8, 0.2))
    of_vector = -0.5 * (value[:, 2:] ** 2 + np.log(2 * np.pi)).sum(axis=1)
    np.testing.assert_allclose(drawn.log_prob, of_class + of_vector, rtol=1e-4)
    np.testing.assert_allclose(both.log_prob(drawn.value), drawn.log_prob, rtol=1e-4)


def test_mean_discrepancy_against_its_sums():
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(5, 2)), rng.normal(1.0, 1.0, (6, 2))
    apart = [np.square(a - b).sum() for i, a in enumerate(other) for b in other[:i]]
    kernel = lambda a, b: np.exp(-np.square(a - b).sum() / (2 * np.median(apart)))  # noqa: E731
    total = sum(kernel(a, b) for i, a in enumerate(one) for j, b in enumerate(one) if i != j) / 20
    total += sum(kernel(a, b) for i, a in enumerate(other) for j, b in enumerate(other) if i != j) / 30
    total -= 2 * np.mean([kernel(a, b) for a in one for b in other])
    np.testing.assert_allclose(mean_discrepancy(one, other), total, rtol=1e-9)
    same, far = (mean_discrepancy(rng.normal(shift, 1, (500, 2)), rng.normal(size=(500, 2))) for shift in (0, 1))
    assert abs(same) < 0.01 < 0.1 < far


def test_the_discrepancy_that_is_told_is_of_codes_and_of_the_prior():
    """By the measure and by the study: far where the encoder's codes are shifted, near where they are of the prior."""
    digits = data.load("digits")
    model = zoo.build("adversarial_autoencoder", image_shape=(8, 8, 1), levels=17, latent_dim=2, width=4, depth=1)
    drawn = model.prior().draw(seeds.seed_rows(200, 9)).value
    told = {}
    for shift in (0.0, 2.0):
        model.encode = lambda image, shift=shift: Point(drawn[: len(image)] + shift)
        measured = measures.measure(model, digits, measures.Protocol(examples=200), only=("codes",))
        _, studied = aggregated.study(model, digits, Settings(None, examples=200))
        told[shift] = measured, studied
        code = drawn.numpy() + shift
        own = model.prior().draw(seeds.seed_rows(400, 0)).value.numpy()[:200]
        np.testing.assert_allclose(measured["mean_discrepancy"], mean_discrepancy(code, own), atol=1e-6)
        other = model.prior().draw(seeds.seed_rows(200, 1)).value.numpy()
        np.testing.assert_allclose(studied["mean_discrepancy"], mean_discrepancy(code, other), atol=1e-6)
    for near, far in zip(*told.values(), strict=True):
        assert abs(near["mean_discrepancy"]) < 0.02 < 0.3 < far["mean_discrepancy"]
        assert abs(far["mean_discrepancy_of_draws"]) < 0.02


def test_half_of_the_examples_have_one_of_the_labels_that_are_known():
    digits = data.load("digits")
    some = digits.with_labels(30)
    batches = [next(iter(some.training_batches(1000, seed))) for seed in range(2)]
    label = np.concatenate([batch["label"].numpy() for batch in batches])
    image = np.concatenate([batch["image"].numpy() for batch in batches])
    assert abs((label == 10).mean() - 0.5) < 0.04 and some.limits["label"] == 11
    taught = {(one.tobytes(), int(its)) for one, its in zip(image, label, strict=True) if its < 10}
    assert len(taught) == 30 and np.bincount([its for _, its in taught]).tolist() == [3] * 10
    tensors = digits.splits["train"].tensors
    true = {
        one.tobytes(): int(its) for one, its in zip(tensors["image"].numpy(), tensors["label"].numpy(), strict=True)
    }
    assert all(true[one] == its for one, its in taught)
    assert len({one.tobytes() for one, its in zip(image, label, strict=True) if its == 10}) > 500  # all of them
    with pytest.raises(ValueError, match="labelled_examples=35: must be as many of each of the 10 classes"):
        digits.with_labels(35)
    with pytest.raises(ValueError, match="labelled_examples=5000: digits has fewer of some class"):
        digits.with_labels(5000)
    with pytest.raises(ValueError, match="labelled_examples=10: ring has no labels"):
        data.load("ring").with_labels(10)


def test_what_the_players_of_a_vae_gan_minimise():
    """By its parts: the KL in closed form, distances of features, cross-entropies of logits; and who moves by what."""
    keras.utils.set_random_seed(0)
    model = zoo.build("vae_gan", image_shape=(8, 8, 1), levels=5, latent_dim=3, width=2, depth=1, gamma=0.5, beta=0.25)
    image = tf.constant(np.random.default_rng(0).integers(0, 5, (6, 8, 8, 1)), tf.uint8)
    batch, seed = {"image": image}, seeds.seed_rows(6)
    pixels = image.numpy() / 2.0 - 1.0
    posterior = model.encode(image)
    mean, stddev = posterior.mean().numpy(), posterior.stddev().numpy()
    of_posterior, of_prior = seeds.split(seed, 2)
    latents = mean + stddev * seeds.normal(of_posterior, [3]).numpy(), seeds.normal(of_prior, [3]).numpy()
    again, sampled = (np.tanh(model.decoder(z)) for z in latents)
    judged = {name: model.discriminator(x) for name, x in (("x", pixels), ("again", again), ("sampled", sampled))}
    logit = {name: outputs["logits"].numpy()[:, 0] for name, outputs in judged.items()}
    feature = {name: outputs["features"].numpy() for name, outputs in judged.items()}
    error = 0.5 * np.square(feature["x"] - feature["again"]).sum(axis=1)
    fooling = {name: np.logaddexp(0.0, -value) for name, value in logit.items()}
    kl = 0.5 * (mean**2 + stddev**2 - 1.0 - 2.0 * np.log(stddev)).sum(axis=1)
    fakes = np.logaddexp(0.0, logit["again"]) + np.logaddexp(0.0, logit["sampled"])
    wanted = {
        "discriminator": (fooling["x"] + fakes, [model.discriminator]),
        "encoder": (0.25 * kl + error, [model.encoder]),
        "decoder": (0.5 * error + fooling["again"] + fooling["sampled"], [model.decoder]),
    }
    assert [player.name for player in model.players()] == list(wanted)
    for player in model.players():
        loss, parts = wanted[player.name]
        np.testing.assert_allclose(player.objective(player.terms(batch, seed, False)), loss, rtol=1e-4, atol=1e-5)
        assert {id(v) for v in player.variables} == {id(v) for part in parts for v in part.trainable_variables}
    np.testing.assert_allclose(model.discriminate(image), logit["x"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "name, arguments, said",
    [
        ("adversarial_autoencoder", {"prior": "roll"}, "prior='roll': must be one of normal, ring, swiss_roll"),
        ("adversarial_autoencoder", {"prior": "ring", "latent_dim": 1}, "latent_dim=1: prior='ring' lies in two"),
        ("adversarial_autoencoder", {"noise": -1.0}, "noise=-1.0: must not be negative"),
        ("adversarial_autoencoder", {"conditional": True}, "num_classes=0: a conditional model needs"),
        ("class_adversarial_autoencoder", {"classes": 1}, "classes=1: must be at least 2"),
        ("vae_gan", {"gamma": -1.0}, "gamma=-1.0: must not be negative"),
        ("vae_gan", {"depth": 5}, "depth=5: a 8x8 image cannot be halved that often"),
        ("pixel_vae", {"planes": 0}, "planes=0: must be at least 1"),
        ("pixel_vae", {"depth": 5}, "depth=5: a 8x8 image cannot be halved that often"),
    ],
)
def test_bad_arguments_are_named(name, arguments, said):
    with pytest.raises(ValueError, match=said):
        zoo.create(name, image_shape=(8, 8, 1), levels=4, **arguments)


def test_clusters_have_the_name_of_most_of_their_training_examples():
    """By its bright pixel a picture belongs to cluster 2, 1 or 0; of label 1 are those that are bright in the first."""
    pixel = np.array([2, 1, 1, 2, 0, 0])  # of six pictures, over and over
    label = np.array([0, 0, 0, 0, 1, 1], np.int32)
    image = (np.eye(3)[pixel] * 3).reshape(6, 1, 3, 1).astype(np.uint8)
    splits = {
        "train": registry._in_memory(image=image, label=label),
        "test": registry._in_memory(image=image, label=np.array([0, 0, 0, 1, 1, 1], np.int32)),
    }
    names = registry._images("bars", (1, 3, 1), 4, ("a", "b"), splits, "bars", {})
    model = types.SimpleNamespace(
        classify=lambda image: tf.cast(image[:, 0, ::-1, 0], tf.float32), classes=3, labelled=False
    )
    measured = measures.classification(model, names, measures.Protocol())
    assert measured["classification_error"] == round(1 / 6, 5) and measured["classified_examples"] == 6
    model.labelled = True  # then a class is what it says, and no cluster
    model.classify = lambda image: tf.one_hot(tf.cast(image[:, 0, 0, 0] < 3, tf.int32), 2)
    assert measures.classification(model, names, measures.Protocol())["classification_error"] == round(5 / 6, 5)
