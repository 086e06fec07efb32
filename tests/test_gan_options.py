"""Penalties, spectral normalisation, augmentation, conditions and the other options of GANs against numpy."""

import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.test_zoo import compiled, fresh
from tfgen import zoo
from tfgen.distributions.latents import Sphere, Uniform
from tfgen.gan import began, inversion
from tfgen.layers.spectral_norm import SpectralNormalization
from tfgen.losses.penalties import PENALTIES
from tfgen.ops import images, seeds
from tfgen.ops.augment import augment, color, cutout, translation


def build(name="gan", **arguments):
    keras.utils.set_random_seed(0)
    model = zoo.create(name, **({"image_shape": (4, 4, 1), "levels": 5, "latent_dim": 3, "width": 6} | arguments))
    model.make_variables()
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [1, i]))
    return model


def batch(rows=4, shape=(4, 4, 1)):
    image = tf.cast(seeds.uniform(seeds.seed_rows(rows, 4), shape) * 5, tf.uint8)
    return {"image": image, "label": tf.range(rows) % 3}


def quadratic_move(real, fake):
    """A discriminator whose logit is sum a x^2 / 2, with gradient a x."""
    a = np.linspace(0.5, 2.0, real[0].size).reshape(real[0].shape).astype(np.float32)
    noise = {"between": seeds.seed_rows(len(real), 3)}
    judge = lambda x: tf.reduce_sum(a * x**2, axis=[1, 2, 3]) / 2  # noqa: E731
    return types.SimpleNamespace(real=tf.constant(real), fake=tf.constant(fake), noise=noise, judge=judge), a


def test_penalties_against_a_gradient_that_is_known():
    random = np.random.default_rng(0)
    real, fake = random.normal(size=(2, 5, 3, 2, 2)).astype(np.float32)
    move, a = quadratic_move(real, fake)
    norms = lambda x: np.sqrt(np.sum((a * x) ** 2, axis=(1, 2, 3)))  # noqa: E731
    found = {name: penalty.term(move).numpy() for name, penalty in PENALTIES.items()}
    np.testing.assert_allclose(found["r1"], norms(real) ** 2 / 2, rtol=1e-4)
    np.testing.assert_allclose(found["r2"], norms(fake) ** 2 / 2, rtol=1e-4)
    alpha = seeds.uniform(move.noise["between"], []).numpy()[:, None, None, None]  # one number for each example
    np.testing.assert_allclose(
        found["gradient_penalty"], (norms(real + alpha * (fake - real)) - 1) ** 2, rtol=1e-4, atol=1e-5
    )
    noise = seeds.uniform(move.noise["between"], (3, 2, 2)).numpy()
    near = real + 0.5 * real.std(axis=(1, 2, 3), keepdims=True) * noise
    np.testing.assert_allclose(found["dragan"], (norms(near) - 1) ** 2, rtol=1e-4)


def test_where_the_place_between_lies_is_uniform():
    """Of a discriminator with gradient x, from real 0 to fake 1: the norm is alpha itself."""
    ones = np.ones((4000, 1, 1, 1), np.float32)
    move, _ = quadratic_move(0 * ones, ones)
    move.judge = lambda x: tf.reduce_sum(x**2, axis=[1, 2, 3]) / 2
    alpha = 1 - np.sqrt(PENALTIES["gradient_penalty"].term(move).numpy())
    np.testing.assert_allclose(np.quantile(alpha, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)


def test_a_penalty_moves_the_discriminator_and_no_generator():
    """Second order: against differences of the penalty by a weight; the fakes that it looks at are constants."""
    model = build(penalties=("r2", "gradient_penalty"), objective="wasserstein", depth=1)
    discriminator, _ = model.players()
    seed = seeds.seed_rows(4)

    def penalty():
        terms = discriminator.terms(batch(), seed, True)
        return tf.reduce_sum(terms["r2"] + terms["gradient_penalty"])

    with tf.GradientTape() as tape:
        value = penalty()
    kernel, painted = model.discriminator.body.layers[1].kernel, model.generator.trainable_variables
    gradient, *of_generator = tape.gradient(value, [kernel.value, *(v.value for v in painted)])
    assert all(one is None or not np.abs(one).max() for one in of_generator)
    for i in range(3):
        step = np.zeros(kernel.shape, np.float32)
        step[i, i] = 1e-3
        kernel.assign_add(step)
        ahead = penalty()
        kernel.assign_sub(2 * step)
        behind = penalty()
        kernel.assign_add(step)
        np.testing.assert_allclose(gradient[i, i], (ahead - behind) / 2e-3, rtol=2e-2, atol=2e-3)


def test_a_lazy_penalty_is_rescaled_and_validated_in_full():
    model = build(penalties=("r1",), penalty_every=3, penalty_weight=0.5)
    discriminator, _ = model.players()
    seed = seeds.seed_rows(4)
    whole = discriminator.terms(batch(), seed, False)["r1"].numpy()
    found = []
    for step in range(6):
        model.step.assign(step)
        terms = discriminator.terms(batch(), seed, True)
        found.append(terms["r1"].numpy())
        rest = terms["real"] + terms["fake"]
        np.testing.assert_allclose(discriminator.objective(terms), rest + 0.5 * terms["r1"], rtol=1e-5)
    zero = np.zeros(4)
    np.testing.assert_allclose(found, [3 * whole, zero, zero] * 2, rtol=1e-4)
    discriminator = build(penalties=("r1",)).players()[0]
    terms = discriminator.terms(batch(), seed, True)
    np.testing.assert_allclose(
        discriminator.objective(terms), terms["real"] + terms["fake"] + 10 * terms["r1"], rtol=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize("layer", [keras.layers.Dense, lambda f, **o: keras.layers.Conv2D(f, 3, padding="same", **o)])
def test_spectral_normalisation_against_the_singular_values(layer):
    normalized = SpectralNormalization(layer(5, use_bias=False))
    x = tf.random.stateless_normal([2, 4, 4, 3], [0, 0])
    normalized(x)
    kernel = normalized.layer.kernel
    kernel.assign(tf.random.stateless_normal(kernel.shape, [1, 1]))
    normalized.bias.assign([1.0, 2.0, 3.0, 4.0, 5.0])
    before = kernel.numpy()
    for _ in range(60):
        normalized(x, training=True)
    sigma = np.linalg.svd(before.reshape(-1, 5))[1][0]
    with tf.GradientTape() as tape:
        y = normalized(x)
        total = tf.reduce_sum(y * x[..., :1])
    np.testing.assert_array_equal(kernel.numpy(), before)  # Keras's own layer writes over it
    np.testing.assert_allclose(y, normalized.layer(x) / sigma + normalized.bias, rtol=1e-3, atol=1e-4)
    # By a weight, sigma's own derivative included.
    gradient, step = tape.gradient(total, kernel.value).numpy(), np.zeros(before.shape, np.float32)
    step[(0,) * before.ndim] = 1e-2
    sums = []
    for sign in (1, -1):
        kernel.assign(before + sign * step)
        for _ in range(60):
            normalized(x, training=True)
        sums.append(tf.reduce_sum(normalized(x) * x[..., :1]))
    np.testing.assert_allclose(gradient[(0,) * before.ndim], (sums[0] - sums[1]) / 2e-2, rtol=2e-2, atol=1e-2)


def test_translation_and_cutout_against_loops():
    rows, side = 300, 8
    pixels = 1.0 + np.arange(rows * side * side, dtype=np.float32).reshape(rows, side, side, 1)
    moved, cut = translation(pixels, seeds.seed_rows(rows, 1)).numpy(), cutout(pixels, seeds.seed_rows(rows, 2)).numpy()
    offsets, holes = set(), []
    for image, one, other in zip(pixels, moved, cut, strict=True):
        matches = []
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                expected = np.zeros_like(image)
                for y in range(side):
                    for x in range(side):
                        if 0 <= y + dy < side and 0 <= x + dx < side:
                            expected[y, x] = image[y + dy, x + dx]
                matches += [(dy, dx)] if (expected == one).all() else []
        assert len(matches) == 1  # an eighth of 8 pixels at most
        offsets.add(matches[0])
        hole = other[..., 0] == 0
        ys, xs = np.nonzero(hole)
        assert hole.sum() == (np.ptp(ys) + 1) * (np.ptp(xs) + 1) and np.ptp(ys) < 4 and np.ptp(xs) < 4
        assert (other[~hole] == image[~hole]).all()
        holes.append(hole)
    assert len(offsets) == 9
    assert max(hole.sum() for hole in holes) == 16 and np.any(holes, axis=0).all()


def test_color_against_numpy_and_gradients_through_all():
    rows = 6
    pixels = np.random.default_rng(0).uniform(-1, 1, (rows, 4, 4, 3)).astype(np.float32)
    seed = seeds.seed_rows(rows, 5)
    b, s, c = (one[:, None, None, None] for one in seeds.uniform(seed, [3]).numpy().T)
    x = pixels + b - 0.5
    x = x.mean(-1, keepdims=True) + 2 * s * (x - x.mean(-1, keepdims=True))
    x = x.mean((1, 2, 3), keepdims=True) + (c + 0.5) * (x - x.mean((1, 2, 3), keepdims=True))
    np.testing.assert_allclose(color(pixels, seed), x, rtol=1e-4, atol=1e-5)
    names, given = ("color", "translation", "cutout"), tf.constant(pixels)
    with tf.GradientTape() as tape:
        tape.watch(given)
        made = augment(given, names, seed)
        total = tf.reduce_sum(made)
    gradient = tape.gradient(total, given).numpy()
    assert np.abs(gradient).max() > 0
    np.testing.assert_allclose(made.numpy()[[4]], augment(given[4:5], names, seed[4:5]), atol=1e-6)  # by its row alone


def test_what_is_done_in_training_is_in_no_validation_and_no_answer():
    disturbed = {"augmentations": ("color", "cutout"), "instance_noise": 0.5, "label_noise": 0.4}
    disturbed |= {"label_smoothing": 0.2}
    one, other = build(), build(**disturbed)
    seed = seeds.seed_rows(4)
    for training in (False, True):
        plain, changed = (model.players()[0].terms(batch(), seed, training) for model in (one, other))
        assert (np.abs(plain["real"] - changed["real"]).max() > 1e-3) == training
        assert (np.abs(plain["fake"] - changed["fake"]).max() > 1e-3) == training
    np.testing.assert_array_equal(one.discriminate(batch()["image"]), other.discriminate(batch()["image"]))
    np.testing.assert_array_equal(one.sample(seed), other.sample(seed))


def test_labels_are_smoothed_and_flipped_as_asked():
    """Of logits l a real image costs softplus(-l); smoothed by s (1 - s) softplus(-l) + s softplus(l)."""
    seed = seeds.seed_rows(2000)
    many = {"image": tf.tile(batch()["image"], [500, 1, 1, 1])}
    plain = build()
    logits = plain.discriminate(many["image"]).numpy()
    real, fake = np.log1p(np.exp(-logits)), np.log1p(np.exp(logits))
    smoothed = build(label_smoothing=0.1).players()[0].terms(many, seed, True)
    np.testing.assert_allclose(smoothed["real"], 0.9 * real + 0.1 * fake, rtol=1e-4)
    unsmoothed = plain.players()[0].terms(many, seed, True)
    np.testing.assert_allclose(smoothed["fake"], unsmoothed["fake"], rtol=1e-5)  # one-sided
    noisy = build(label_noise=0.3).players()[0].terms(many, seed, True)
    for kind, own, others in (("real", real, fake), ("fake", unsmoothed["fake"].numpy(), None)):
        flipped = np.abs(noisy[kind] - own) > 1e-4
        np.testing.assert_allclose(flipped.mean(), 0.3, atol=0.04)
        if others is not None:
            np.testing.assert_allclose(noisy[kind].numpy()[flipped], others[flipped], rtol=1e-4)


def test_instance_noise_falls_to_nothing():
    model = build(instance_noise=0.5, instance_noise_steps=10)
    zero, seed = tf.zeros([3000, 4, 4, 1]), seeds.seed_rows(3000)
    for step, stddev in ((0, 0.5), (5, 0.25), (10, 0.0), (20, 0.0)):
        model.step.assign(step)
        np.testing.assert_allclose(np.std(model.disturbed(zero, seed, True)), stddev, atol=0.01)


def test_weights_are_clipped_after_a_move_of_the_discriminator_alone():
    model = build(weight_clip=0.05, objective="wasserstein")
    model = compiled(model, lambda: keras.optimizers.SGD(0.1))
    before = [variable.numpy() for variable in model.generator.trainable_variables]
    model.distribute_strategy.run(model.train_step, args=(batch(),))
    largest = [np.abs(variable).max() for variable in model.discriminator.trainable_variables]
    np.testing.assert_allclose(max(largest), 0.05, rtol=1e-5)
    assert max(np.abs(v).max() for v in model.generator.trainable_variables) > 0.05
    assert any((v.numpy() != b).any() for v, b in zip(model.generator.trainable_variables, before, strict=True))


@pytest.mark.slow
def test_ways_of_telling_the_label():
    one_hot, image = np.eye(3, dtype=np.float32)[batch()["label"]], batch()["image"]
    pixels = images.to_symmetric(image, 5)
    for conditional in ("concatenation", "projection", "auxiliary"):
        model = build(conditional=conditional, num_classes=3)
        judge = model.discriminator
        found = model.discriminate(image, label=batch()["label"]).numpy()
        seen = pixels
        if conditional == "concatenation":
            planes = np.broadcast_to(one_hot[:, None, None], (4, 4, 4, 3))
            seen = np.concatenate([pixels, planes], axis=-1)
        features = judge.body(seen).numpy()
        expected = judge.logits(features).numpy()[:, 0]
        if conditional == "projection":
            expected += np.sum((one_hot @ judge.project.embedding.kernel.numpy()) * features, axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        other = model.discriminate(image, label=(batch()["label"] + 1) % 3)
        assert (np.abs(other - found).max() > 1e-3) == (conditional != "auxiliary")
        # A sample is of its label.
        samples = [model.sample(seeds.seed_rows(4), label=tf.fill([4], k)).numpy() for k in range(2)]
        assert (samples[0] != samples[1]).any()
        if conditional == "auxiliary":
            probs = tf.nn.softmax(judge.classes(features)).numpy()
            expected = -np.log(probs[np.arange(4), batch()["label"]])
            for player, name in zip(model.players(), ("real_class", "fooling_class"), strict=True):
                terms = player.terms(batch(), seeds.seed_rows(4), False)
                rest = sum(terms[key] for key in ("real", "fake", "fooling") if key in terms)
                rest += sum(terms[key] for key in terms if key.endswith("_class"))
                np.testing.assert_allclose(player.objective(terms), rest, rtol=1e-5)
                if name == "real_class":
                    np.testing.assert_allclose(terms[name], expected, rtol=1e-4)


def test_joint_batches_are_mixed_by_batch_norm_alone():
    apart, joint = (build("dcgan", image_shape=(8, 8, 1), width=3, joint_batches=on) for on in (False, True))
    seed = seeds.seed_rows(4)
    for training in (False, True):
        terms = [m.players()[0].terms(batch(4, (8, 8, 1)), seed, training) for m in (apart, joint)]
        assert (np.abs(terms[0]["real"] - terms[1]["real"]).max() > 1e-4) == training


def test_latents_have_their_moments_and_densities():
    seed = seeds.seed_rows(20_000)
    uniform, sphere = Uniform(3).draw(seed), Sphere(3).draw(seed)
    assert np.abs(uniform.value).max() < 1
    np.testing.assert_allclose(np.std(uniform.value, axis=0), 1 / np.sqrt(3), atol=0.01)
    np.testing.assert_allclose(uniform.log_prob, -3 * np.log(2), rtol=1e-5)
    np.testing.assert_allclose(Uniform(3).log_prob(tf.constant([[0.0, 0.0, 1.1]])), -np.inf)
    np.testing.assert_allclose(np.linalg.norm(sphere.value, axis=-1), np.sqrt(3), rtol=1e-4)
    np.testing.assert_allclose(sphere.log_prob, -np.log(4 * np.pi * 3), rtol=1e-5)  # a sphere's area is 4 pi r^2
    np.testing.assert_allclose(np.mean(sphere.value, axis=0), 0.0, atol=0.02)


@pytest.mark.slow
def test_began_against_its_recursion(monkeypatch):
    monkeypatch.setattr(began, "RATE", 0.5)
    model = compiled(build("began", image_shape=(8, 8, 1), width=2), lambda: keras.optimizers.SGD(0.01))
    images_, k = batch(4, (8, 8, 1)), 0.0
    for _ in range(4):
        noise = model._noise(images_, 0)
        real, fake = (
            np.mean(np.abs(x - model.discriminator.decoder(model.discriminator.encoder(x))), axis=(1, 2, 3))
            for x in (images.to_symmetric(images_["image"], 5), model.pixels(model.prior().draw(noise).value))
        )
        logs = model.distribute_strategy.run(model.train_step, args=(images_,))
        np.testing.assert_allclose(logs["discriminator_loss"], real.mean() - k * fake.mean(), rtol=1e-4)
        balance = 0.5 * real.mean() - fake.mean()
        np.testing.assert_allclose(logs["convergence"], real.mean() + abs(balance), rtol=1e-4)
        k = np.clip(k + 0.5 * balance, 0, 1)
        np.testing.assert_allclose(model.k, k, rtol=1e-3, atol=1e-6)
    model.k.assign(0.9)
    real = 1.0
    model.after_discriminator({"real": real, "fake_error": 0.1}, None, None)
    np.testing.assert_allclose(model.k, 1.0)


def test_latents_of_a_sample_are_found_again():
    model = build(width=32, image_shape=(6, 6, 1), levels=256)
    z = model.prior().draw(seeds.seed_rows(3, 7)).value
    target = model.pixels(z)
    start = tf.reshape(model.prior().draw(seeds.seed_rows(12, 8)).value, [3, 4, 3])
    found = inversion.invert(model.pixels, target, start, steps=200)
    np.testing.assert_allclose(
        found.mse_per_pixel, np.mean((model.pixels(found.latents) - target) ** 2, axis=(1, 2, 3)) / 4, atol=1e-6
    )
    assert np.max(found.mse_per_pixel) < 1e-3
    first = np.mean((model.pixels(start[:, 0]) - target) ** 2, axis=(1, 2, 3)) / 4
    assert np.all(found.mse_per_pixel < first / 10)


def test_a_model_inverts_an_image_and_says_what_it_has_not():
    model = build(width=32, image_shape=(6, 6, 1), levels=256, conditional="concatenation", num_classes=3)
    label = tf.constant([2, 0])
    image = model.sample(seeds.seed_rows(2, 3), label=label)
    found = model.invert(image, seeds.seed_rows(2), label=label)
    again = model.generate(found.latents, label=label).numpy().astype(float)
    assert np.mean((again - image.numpy()) ** 2) / 255**2 < 2e-3
    assert not hasattr(model, "log_prob") and not hasattr(model, "encode")
    with pytest.raises(AttributeError, match="GAN has no log_prob: the density of a GAN is implicit; .*discriminate"):
        model.log_prob(image)
    with pytest.raises(AttributeError, match="GAN has no encode: .*`invert`"):
        model.encode(image)


def test_what_goes_wrong_is_said_by_name():
    model, examples = build(), batch(200)
    share = model.diagnose(examples).figures["diversity"]
    fake = model.pixels(model.prior().draw(seeds.seed_rows(200)).value).numpy()
    pairs = lambda x: np.mean([np.mean((x - np.roll(x, i, 0)) ** 2) for i in range(1, 200)])  # noqa: E731
    np.testing.assert_allclose(share, pairs(fake) / pairs(images.to_symmetric(examples["image"], 5).numpy()), rtol=1e-3)
    assert not model.diagnose(examples).warnings
    model.discriminator.logits.bias.assign([2000.0])
    assert "the game diverges: a logit is 2" in model.diagnose(examples).warnings["logits"]
    for variable in model.generator.trainable_variables:
        variable.assign(0 * variable)
    warnings = model.diagnose(examples).warnings
    assert warnings["diversity"].startswith("the generator has collapsed: its samples differ by 0.0 %")
    # Sure of both: examples are never 0, all fakes are.
    judge = model.discriminator
    for variable in judge.trainable_variables:
        variable.assign(0 * variable)
    judge.body.layers[1].kernel.assign(tf.fill([16, 6], 1.0))
    judge.body.layers[3].kernel.assign(tf.eye(6))
    judge.logits.kernel.assign(tf.fill([6, 1], 1.0))
    judge.logits.bias.assign([-10.0])
    bright = {**examples, "image": tf.ones_like(examples["image"]) * 4}
    assert "sure of every example and of every fake" in model.diagnose(bright).warnings["logits"]


@pytest.mark.parametrize(
    "name, arguments, message",
    [
        ("dcgan", {"penalties": ("r1",)}, "penalties=.*batch norm mixes the examples; give normalized=generator"),
        ("gan", {"penalties": ("r3",)}, "penalties='r3': must be one of r1, r2"),
        ("gan", {"augmentations": ("colour",)}, "augmentations='colour': must be one of color"),
        ("gan", {"latents": "cube"}, "latents='cube': must be one of normal, uniform, sphere"),
        ("gan", {"conditional": "x", "num_classes": 3}, "conditional='x': must be one of concatenation"),
        ("gan", {"conditional": "projection"}, "num_classes=0: a conditional model needs a data set with labels"),
        ("gan", {"objective": "wasserstein", "label_smoothing": 0.1}, "label_smoothing=0.1: is of labels, and"),
        ("gan", {"label_noise": 1.0}, "label_noise=1.0: must be at least 0 and below 1.0"),
        ("gan", {"penalty_every": 0}, "penalty_every=0: must be at least 1"),
        ("gan", {"maxout": 0}, "maxout=0: must be at least 1"),
        ("began", {"diversity": 0.0}, r"diversity=0.0: must lie in \(0, 1\]"),
        ("resnet_gan", {"image_shape": (4, 4, 1)}, "ResNetGAN makes sides of 8 to 128"),
        ("dcgan", {"normalized": "all"}, "normalized='all': must be one of both, generator, none"),
        ("gan", {"discriminator_step": 2}, "'discriminator_step' is no argument of gan .*discriminator_steps"),
    ],
)
def test_bad_options_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.create(name, **{"image_shape": (8, 8, 1), "levels": 5} | arguments)


def test_points_are_what_they_are():
    model = fresh("point_gan")
    point = model.sample(seeds.seed_rows(5))
    assert point.dtype == tf.float32 and point.shape == (5, 2)
    np.testing.assert_allclose(point, model.generate(model.prior().draw(seeds.seed_rows(5)).value), rtol=1e-5)
    assert set(model.signatures()["generate"].function(latents=tf.zeros([2, 2]))) == {"point"}
    with pytest.raises(ValueError, match="augmentations=.*: are of images"):
        zoo.create("point_gan", dims=2, augmentations=("color",))
