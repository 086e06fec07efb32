"""The mathematics of the game: objectives against closed forms, the optimal discriminator, DCGAN's guidelines."""

import concurrent.futures
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.prototypes import PairedGAN
from tfgen import zoo
from tfgen.gan import base
from tfgen.gan.networks import halvings
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.ops import images, seeds

LOGITS = np.linspace(-6, 6, 25).astype(np.float32)
D = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))


FORMULAS = {  # real, fake, generator
    "minimax": (-np.log(D), -np.log(1 - D), np.log(1 - D)),
    "non_saturating": (-np.log(D), -np.log(1 - D), -np.log(D)),
    "least_squares": ((LOGITS - 1) ** 2 / 2, LOGITS**2 / 2, (LOGITS - 1) ** 2 / 2),
    "least_squares_pearson": ((LOGITS - 1) ** 2 / 2, (LOGITS + 1) ** 2 / 2, LOGITS**2 / 2),
    "wasserstein": (-LOGITS, LOGITS, -LOGITS),
    "hinge": (np.maximum(0, 1 - LOGITS), np.maximum(0, 1 + LOGITS), -LOGITS),
}


def test_objectives_against_their_formulas():
    assert set(FORMULAS) | {"relativistic"} == set(OBJECTIVES)
    for name, parts in FORMULAS.items():
        for part, expected in zip(("real", "fake", "generator"), parts, strict=True):
            found = getattr(OBJECTIVES[name], part)(tf.constant(LOGITS))
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6, err_msg=f"{name} {part}")
    real, fake = np.meshgrid(LOGITS, LOGITS)
    pairs = OBJECTIVES["relativistic"]
    np.testing.assert_allclose(pairs.discriminator(real, fake), np.log1p(np.exp(fake - real)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(pairs.generator(real, fake), np.log1p(np.exp(real - fake)), rtol=1e-4, atol=1e-6)


P, Q = np.array([0.7, 0.2, 0.1]), np.array([0.1, 0.3, 0.6])
CROSS_ENTROPY = np.log(P / Q)
BEST = {  # the discriminator's logits where p real + q fake is least
    "minimax": CROSS_ENTROPY,
    "non_saturating": CROSS_ENTROPY,
    "least_squares": P / (P + Q),
    "least_squares_pearson": (P - Q) / (P + Q),
    "hinge": np.sign(P - Q),
}


@pytest.mark.parametrize("name", BEST)
def test_the_best_discriminator(name):
    """On three points with known p and q: D* = p / (p + q) with a loss of 2 ln 2 - 2 JSD, or what its paper says."""
    logits = tf.Variable(tf.zeros(3))
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 400))
    optimizer.build([logits])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(P * OBJECTIVES[name].real(logits) + Q * OBJECTIVES[name].fake(logits))
        optimizer.apply(tape.gradient(loss, [logits]), [logits])
        return loss

    for _ in range(400):
        loss = step()
    np.testing.assert_allclose(logits, BEST[name], atol=2e-2)
    if name in ("minimax", "non_saturating"):
        np.testing.assert_allclose(tf.sigmoid(logits), P / (P + Q), atol=1e-3)
        m = (P + Q) / 2
        divergence = 0.5 * (P * np.log(P / m)).sum() + 0.5 * (Q * np.log(Q / m)).sum()
        np.testing.assert_allclose(loss, 2 * np.log(2) - 2 * divergence, atol=1e-4)


def test_where_the_minimax_loss_is_flat_the_non_saturating_is_not():
    """The gradient by the logit at D(G(z)) -> 0: -D against -(1 - D)."""
    logits = tf.constant(LOGITS)
    for name, expected in (("minimax", -D), ("non_saturating", -(1 - D))):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = OBJECTIVES[name].generator(logits)
        np.testing.assert_allclose(tape.gradient(loss, logits), expected, atol=1e-6)


def dcgan(side=32, channels=3, **arguments):
    keras.utils.set_random_seed(0)
    return zoo.build(
        "dcgan", **{"image_shape": (side, side, channels), "levels": 256, "latent_dim": 8, "width": 8} | arguments
    )


def test_guidelines_of_the_paper():
    """Section 3: no pooling, batch norm but at G's output and D's input, no hidden dense layer, the activations."""
    model = dcgan(64)
    generator = model.generator.body.layers
    discriminator = [*model.discriminator.body.layers, model.discriminator.logits]
    kinds = [type(layer).__name__ for layer in [*generator, *discriminator]]
    assert not any("Pooling" in kind or "UpSampling" in kind for kind in kinds)
    ups = [layer for layer in generator if isinstance(layer, keras.layers.Conv2DTranspose)]
    downs = [layer for layer in discriminator if isinstance(layer, keras.layers.Conv2D)]
    assert len(ups) == len(downs) == 4 and all(layer.strides == (2, 2) for layer in [*ups, *downs])
    # A dense layer only to project the latents and to read off the logit.
    assert [layer for layer in generator if isinstance(layer, keras.layers.Dense)] == generator[:1]
    assert [layer for layer in discriminator if isinstance(layer, keras.layers.Dense)] == discriminator[-1:]
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in generator) == 4
    assert sum(isinstance(layer, keras.layers.BatchNormalization) for layer in discriminator) == 3
    assert not isinstance(discriminator[1], keras.layers.BatchNormalization)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in generator[-3:])
    assert generator[-1].activation is keras.activations.tanh
    assert sum(isinstance(layer, keras.layers.ReLU) for layer in generator) == 4
    assert all(layer.negative_slope == 0.2 for layer in discriminator if isinstance(layer, keras.layers.LeakyReLU))
    # Figure 1: 4x4 with 8 times the width, halved and doubled up to the picture.
    assert generator[1].target_shape == (4, 4, 64) and [layer.filters for layer in ups] == [32, 16, 8, 3]
    assert [layer.filters for layer in downs] == [8, 16, 32, 64]


def test_weights_start_from_the_papers_normal():
    model = dcgan(64, width=32)
    discriminator = model.discriminator
    for layer in [*model.generator.body.layers, *discriminator.body.layers, discriminator.logits]:
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Conv2DTranspose, keras.layers.Dense)):
            kernel = layer.kernel.numpy()
            np.testing.assert_allclose(kernel.std(), 0.02, rtol=0.1)
            assert abs(kernel.mean()) < 0.003


@pytest.mark.parametrize("side", [8, 9, 15, 16, 28, 33, 63, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_side_from_8_to_128(side, channels):
    model = dcgan(side, channels, width=2)
    image = model.generate(tf.zeros([2, 8]))
    assert image.shape == (2, side, side, channels)
    assert model.discriminate(image).shape == (2,)
    assert (4 if side > 12 else 2) <= -(-side // 2 ** halvings(side)) <= 7


def test_k_moves_of_the_discriminator_see_examples_and_noise_of_their_own():
    """With k = 2 a step takes twice the rows: row 0, 2, ... in the first move, row 1, 3, ... in the second."""
    model = dcgan(8, 1, discriminator_steps=2)
    model.compile({"discriminator": keras.optimizers.SGD(0.0), "generator": keras.optimizers.SGD(0.0)})
    assert model.examples_per_row == 2
    seen = []
    model._move = lambda player, rows, seed: (
        seen.append((player.name, rows["image"].numpy()[:, 0, 0, 0], seed.numpy())) or {}
    )
    batch = {"image": tf.reshape(tf.cast(tf.repeat(tf.range(6), 64), tf.uint8), [6, 8, 8, 1])}
    model.distribute_strategy.run(model.train_step, args=(batch,))
    assert [name for name, _, _ in seen] == ["discriminator", "discriminator", "generator"]
    np.testing.assert_array_equal(seen[0][1], [0, 2, 4])
    np.testing.assert_array_equal(seen[1][1], [1, 3, 5])
    noise = np.concatenate([seed for _, _, seed in seen])
    assert len(np.unique(noise, axis=0)) == 9  # no seed is used twice


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"image_shape": (129, 129, 3)}, r"image_shape=\(129, 129, 3\): DCGAN makes sides of 8 to 128"),
        ({"image_shape": (4, 4, 1)}, r"image_shape=\(4, 4, 1\): DCGAN makes sides of 8 to 128"),
        ({"objective": "hing"}, "objective='hing': must be one of"),
        ({"discriminator_steps": 0}, "discriminator_steps=0: must be at least 1"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        dcgan(**arguments)


BATCH = {
    "image": tf.cast(seeds.uniform(seeds.seed_rows(3, 4), (8, 8, 1)) * 5, tf.uint8),
    "label": tf.constant([2, 0, 1], tf.int32),
}


def test_a_model_adds_pairs_penalties_and_features_of_labelled_images():
    """Every term against numpy, and the losses: weights of the additions, and nothing for what is only watched."""
    model = PairedGAN((8, 8, 1), 5)
    model.make_variables()
    seed = seeds.seed_rows(3)
    label = BATCH["label"].numpy()
    latents = model.prior().draw(seed).value.numpy()
    real = (BATCH["image"].numpy() / 2 - 1).mean((1, 2, 3))
    fake = np.tanh(latents[:, 0] + model.generator.bias.numpy()[label, 0])
    bias = model.discriminator.by_label.numpy()[label, 0]
    real_logits, fake_logits = 2 * real + bias, 2 * fake + bias
    discriminator, generator = model.players()
    terms = discriminator.terms(BATCH, seed, True)
    expected = {
        "pairs": np.log1p(np.exp(fake_logits - real_logits)),
        "gradient_penalty": np.full(3, 4 / 64),  # 64 pixels, each with 2 / 64
        "pair_accuracy": real_logits > fake_logits,
    }
    assert set(terms) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(terms[name], value, rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(discriminator.objective(terms), expected["pairs"] + 5 * 4 / 64, rtol=1e-4)
    terms = generator.terms(BATCH, seed, True)
    fooling, features = np.log1p(np.exp(real_logits - fake_logits)), (real - fake) ** 2
    np.testing.assert_allclose(terms["fooling"], fooling, rtol=1e-4)
    np.testing.assert_allclose(generator.objective(terms), fooling + 0.5 * features, rtol=1e-4)
    assert model.units["gradient_penalty"] == "1" and model.units["pairs"] == "nats"
    # What it serves wants the label beside its inputs.
    signatures = model.signatures()
    assert set(signatures["sample"].inputs) == {"seed", "label"}
    np.testing.assert_array_equal(
        signatures["sample"].function(seed=seed, label=BATCH["label"])["image"],
        images.from_symmetric(np.broadcast_to(fake[:, None, None, None], (3, 8, 8, 1)), 5),
    )
    np.testing.assert_allclose(signatures["discriminate"].function(**BATCH)["logits"], real_logits, rtol=1e-4)


def test_what_the_players_minimise_is_told_by_their_logits():
    """The discriminator: -ln D(x) - ln(1 - D(G(z))); the generator: -ln D(G(z)) (Goodfellow et al. 2014)."""
    model = PairedGAN((8, 8, 1), 5, objective="non_saturating")
    model.discriminator_additions = model.generator_additions = {}
    model.make_variables()
    seed = seeds.seed_rows(3)
    real = 1 / (1 + np.exp(-model.discriminate(**BATCH).numpy().astype(np.float64)))
    pixels = model.pixels(model.prior().draw(seed).value, label=BATCH["label"])
    fake = 1 / (1 + np.exp(-model.judge(pixels, False, label=BATCH["label"])["logits"].numpy().astype(np.float64)))
    discriminator, generator = model.players()
    terms = discriminator.terms(BATCH, seed, False)
    np.testing.assert_allclose(discriminator.objective(terms), -np.log(real) - np.log(1 - fake), rtol=1e-4)
    np.testing.assert_array_equal(terms["real_accuracy"], real > 0.5)
    np.testing.assert_array_equal(terms["fake_accuracy"], fake < 0.5)
    np.testing.assert_allclose(generator.objective(generator.terms(BATCH, seed, False)), -np.log(fake), rtol=1e-4)


def test_nothing_is_computed_that_no_term_asks_for():
    """A discriminator's move judges twice and paints once; a generator's judges its fakes alone."""
    model = dcgan(8, 1)
    calls = []
    for name in ("generator", "discriminator"):
        original = getattr(model, name).call
        getattr(model, name).call = lambda *x, _name=name, _call=original, **y: calls.append(_name) or _call(*x, **y)
    batch = {"image": BATCH["image"]}
    for player, expected in zip(model.players(), (["discriminator", "generator", "discriminator"], None), strict=True):
        calls.clear()
        player.terms(batch, seeds.seed_rows(3), True)
        assert calls == (expected or ["generator", "discriminator"])


def test_generate_answers_floats_with_gradients_beside_levels():
    model = dcgan(8, 1, levels=5)
    latents = model.prior().draw(seeds.seed_rows(3)).value
    with tf.GradientTape() as tape:
        tape.watch(latents)
        answer = model.signatures()["generate"].function(latents=latents)
        total = tf.reduce_sum(answer["pixels"] ** 2)
    assert answer["pixels"].dtype == tf.float32 and answer["pixels"].shape == (3, 8, 8, 1)
    np.testing.assert_array_equal(answer["image"], np.round((answer["pixels"].numpy() + 1) * 2))
    direction = np.eye(8, dtype=np.float32)[None, 3] * 1e-2
    ahead, behind = (np.sum(model.pixels(latents + s * direction).numpy() ** 2.0) for s in (1, -1))
    slope = np.sum(tape.gradient(total, latents).numpy()[:, 3])
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-2, rtol=2e-2)


def test_replicas_that_wait_for_each_other_within_a_lazy_value_do_not_wait_for_ever():
    together = threading.Barrier(2, timeout=5)

    class Waiting:
        @base.once
        def value(self):
            return together.wait()

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = [Waiting(), Waiting()]
        assert sorted(pool.map(lambda one: one.value, waiting)) == [0, 1]
    assert sorted(one.value for one in waiting) == [0, 1]  # computed once: a third would wait alone
