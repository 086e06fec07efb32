"""Models sampled by a Markov chain, against sums over all states and chains whose end is known."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from tests.test_zoo import compiled
from tfgen import data, zoo
from tfgen.ops import seeds
from trainers import measures

V, H = 6, 4
STATES = np.array(list(itertools.product([0, 1], repeat=V)), np.float32)  # of all pixels
IMAGES = tf.constant(STATES.reshape(-1, 2, 3, 1), tf.uint8)


def rbm(scale=1.0, **options):
    model = zoo.build("rbm", image_shape=(2, 3, 1), levels=2, hidden=H, **{"chains": 500} | options)
    for i, variable in enumerate(model.trainable_variables):
        variable.assign(scale * tf.random.stateless_normal(variable.shape, [1, i]))
    return model


def joint(model):
    """exp(-E(v, h)) of all states, [2^V, 2^H]."""
    kernel, visible, hidden = (variable.numpy().astype(np.float64) for variable in model.trainable_variables)
    h = np.array(list(itertools.product([0, 1], repeat=H)))
    return np.exp(STATES @ visible[:, None] + h @ hidden + STATES @ kernel @ h.T)


def test_free_energies_are_sums_over_the_hidden_units():
    model = rbm()
    np.testing.assert_allclose(model.free_energy(IMAGES), -np.log(joint(model).sum(axis=1)), rtol=1e-4, atol=1e-4)
    tempered = rbm()
    for variable in (tempered.energy.kernel, tempered.energy.hidden_bias):
        variable.assign(0.3 * variable)
    at_once = model.energy.free(tf.constant(STATES), 0.3)
    np.testing.assert_allclose(at_once, tempered.free_energy(IMAGES), rtol=1e-4, atol=1e-4)


def test_annealed_importance_sampling_finds_the_partition_function():
    model = rbm()
    wanted = joint(model).sum()
    weights = model.log_partition(chains=400, temperatures=200).numpy().astype(np.float64)
    shares = np.exp(weights - np.log(wanted))
    assert abs(shares.mean() - 1.0) < 4 * shares.std() / 20 and shares.std() < 1.0
    assert model.log_partition(chains=400, temperatures=3).numpy().std() > weights.std()  # worse, and unbiased too
    rough = np.exp(model.log_partition(1, chains=4000, temperatures=3).numpy() - np.log(wanted))
    assert abs(rough.mean() - 1.0) < 4 * rough.std() / np.sqrt(4000)


def test_samples_come_as_often_as_they_are_likely():
    model = rbm(0.7, sample_steps=40)
    probs = joint(model).sum(axis=1)
    drawn = tf.function(model.sample)(seeds.seed_rows(6000)).numpy().reshape(6000, V)
    shares = np.bincount(drawn @ (1 << np.arange(V)[::-1]), minlength=2**V) / 6000
    np.testing.assert_allclose(shares, probs / probs.sum(), atol=0.015)
    assert np.ptp(probs / probs.sum()) > 0.05


def test_the_gradient_is_that_of_the_likelihood_where_the_chains_are_the_model():
    """With chains that are draws of the model; and the chains walk on by the model, by the step's noise alone."""
    model = rbm(0.7, chains=4000, gibbs_steps=1)
    probs = joint(model) / joint(model).sum()
    rng = np.random.default_rng(0)
    model.particles.assign(STATES[rng.choice(2**V, 4000, p=probs.sum(axis=1))])
    batch = {"image": IMAGES[5:15]}
    (player,) = model.players()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(player.objective(player.terms(batch, seeds.seed_rows(10), True)))
    of_kernel = tape.gradient(loss, model.energy.kernel.value).numpy()
    kernel, _, hidden = (variable.numpy() for variable in model.trainable_variables)
    expected = np.array(list(itertools.product([0, 1], repeat=H)))
    of_model = STATES.T @ probs @ expected  # E v h'
    v = STATES[5:15]
    of_data = v.T @ special.expit(v @ kernel + hidden) / 10
    np.testing.assert_allclose(of_kernel, of_model - of_data, atol=0.03)
    before = model.particles.numpy()
    player.after_move({}, batch, seeds.seed_rows(10))
    walked = model.particles.numpy()
    assert (walked != before).any(axis=1).mean() > 0.5
    np.testing.assert_allclose(walked.T @ walked / 4000, STATES.T @ (probs.sum(axis=1)[:, None] * STATES), atol=0.05)
    model.particles.assign(before)
    player.after_move({}, batch, seeds.seed_rows(10, 7))
    np.testing.assert_array_equal(model.particles.numpy(), walked)


def test_it_learns_a_distribution_of_few_bits():
    """Exact nats of what it was trained on: near its entropy, which is ln 3 and a half bit."""
    keras.utils.set_random_seed(0)
    model = compiled(
        zoo.build("rbm", image_shape=(2, 3, 1), levels=2, hidden=8, chains=200),
        lambda: keras.optimizers.SGD(keras.optimizers.schedules.PolynomialDecay(0.3, 1500, 0.0)),
    )
    rows = np.array([[0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 0, 1]], np.uint8)
    batch = {"image": tf.constant(np.repeat(rows, 20, axis=0).reshape(-1, 2, 3, 1))}
    model.initialize(batch)
    assert model.particles.numpy().sum(axis=1).max() == 3  # chains begin at examples

    def nats():
        log_partition = special.logsumexp(-model.free_energy(IMAGES).numpy())
        return float(np.mean(model.free_energy(batch["image"]))) + log_partition

    before = nats()
    model.fit(tf.data.Dataset.from_tensors(batch).repeat(), steps_per_epoch=1500, verbose=0)
    assert before > 3.0 and nats() < np.log(3) + 0.35


def test_the_pseudo_likelihood_is_that_of_each_pixel_given_the_others():
    model = rbm()
    batch = {"image": tf.tile(IMAGES[9:10], [4000, 1, 1, 1])}
    logged = model._terms(batch, seeds.seed_rows(4000), False)["pseudo_log_likelihood"].numpy()
    log_probs = np.log(joint(model).sum(axis=1))
    index = {tuple(state): i for i, state in enumerate(STATES.astype(int))}
    wanted = 0.0
    for pixel in range(V):
        turned = STATES[9].astype(int).copy()
        turned[pixel] = 1 - turned[pixel]
        wanted -= np.log1p(np.exp(log_probs[index[tuple(turned)]] - log_probs[9]))
    np.testing.assert_allclose(logged.mean(), wanted, rtol=0.1)


def test_what_is_measured_of_a_machine(monkeypatch):
    """-ln p of examples by the estimated partition function, beside the exact one."""
    model = rbm()
    monkeypatch.setattr(measures, "_each", lambda *x: {"free_energy": model.free_energy(IMAGES).numpy().astype(float)})
    measured = measures.partition(model, None, measures.Protocol(importance_samples=15))
    assert measured["temperatures"] == 300 and measured["annealed_chains"] == 200
    exact = float(np.log(joint(model).sum()))
    assert abs(measured["log_partition"] - exact) < 4 * measured["log_partition_standard_error"] < 0.5
    mean = float(np.mean(model.free_energy(IMAGES)))
    np.testing.assert_allclose(measured["annealed_nats"], mean + measured["log_partition"], rtol=1e-4)


def test_what_a_chain_has_learned_is_measured_of_each_example():
    digits = data.load("digits", transform="binarize")
    model = chain(image_shape=(8, 8, 1), corruption=0.3)
    measured = measures.measure(model, digits, measures.Protocol(examples=30, batch_size=20), only=("denoising",))
    image, seed = next(iter(digits.batches("test", 30)))["image"], seeds.seed_rows(30)
    nats = -model.denoise(model.corrupt(image, seed)).log_prob(image).numpy()
    np.testing.assert_allclose(measured["denoising_nats"], nats.mean(), rtol=1e-4)
    assert measured["examples"] == 30 and "denoising_bits_per_dim" in measured


def chain(**options):
    keras.utils.set_random_seed(0)
    sizes = {"image_shape": (1, 1, 1), "levels": 2, "width": 3, "depth": 1}
    return zoo.build("denoising_chain", **sizes | options)


def test_a_chain_ends_in_the_distribution_whose_denoising_it_knows():
    """One pixel that is 1 in eight of ten pictures: P(x | x~) by Bayes, and the chain's end is the data (theorem 1)."""
    model = chain(corruption=0.6, chain_steps=60)
    kept, other = 0.4 + 0.3, 0.3  # P(x~ = x), P(x~ = another)
    of_one = {1: 0.8 * kept / (0.8 * kept + 0.2 * other), 0: 0.8 * other / (0.8 * other + 0.2 * kept)}

    def denoise(image, training=False):
        probs = tf.where(image == 1, of_one[1], of_one[0])
        return model.likelihood(tf.math.log(probs) - tf.math.log1p(-probs), 2)

    model.denoise = denoise
    drawn = tf.function(model.sample)(seeds.seed_rows(8000)).numpy()
    assert abs(drawn.mean() - 0.8) < 0.015


def test_corruption_sets_its_share_of_pixels_to_any_level():
    model = chain(image_shape=(30, 30, 1), levels=5, corruption=0.3, likelihood="gaussian")
    image = tf.fill([4, 30, 30, 1], tf.constant(2, tf.uint8))
    corrupted = model.corrupt(image, seeds.seed_rows(4)).numpy()
    shares = np.bincount(corrupted.ravel(), minlength=5) / corrupted.size
    np.testing.assert_allclose(shares, [0.06, 0.06, 0.76, 0.06, 0.06], atol=0.015)


def test_training_walks_back_from_where_the_chain_goes_and_validation_does_not():
    model = chain(image_shape=(4, 4, 1), walkback=2)
    image = tf.ones([3, 4, 4, 1], tf.uint8)
    seen = []
    plain = model.denoise
    model.denoise = lambda picture, training=False: seen.append(picture) or plain(picture, training)
    terms = model._terms({"image": image}, seeds.seed_rows(3), True)
    assert len(seen) == 3
    nats = [-plain(picture).log_prob(image).numpy() for picture in seen]
    np.testing.assert_allclose(terms["denoising"], np.mean(nats, axis=0), rtol=1e-5)
    np.testing.assert_allclose(terms["bits_per_dim"], np.mean(nats, axis=0) / (16 * np.log(2)), rtol=1e-5)
    seen.clear()
    # A chain that goes to black at once: what is corrupted first is the example, and then where the chain went.
    black = model.likelihood(tf.fill([3, 4, 4, 1], -30.0), 2)
    model.denoise = lambda picture, training=False: seen.append(picture.numpy().mean()) or black
    model._terms({"image": image}, seeds.seed_rows(3), True)
    assert seen[0] > 0.6 and max(seen[1:]) < 0.4
    seen.clear()
    model._terms({"image": image}, seeds.seed_rows(3), False)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "name, arguments, said",
    [
        ("rbm", {"levels": 5}, "levels=5: its units are 0 or 1; add binarize"),
        ("rbm", {"hidden": 0}, "hidden=0: must be at least 1"),
        ("denoising_chain", {"corruption": 1.0}, r"corruption=1.0: is a share of the pixels"),
        ("denoising_chain", {"walkback": -1}, "walkback=0: must be at least 1"),
    ],
)
def test_bad_arguments_are_named(name, arguments, said):
    with pytest.raises(ValueError, match=said):
        zoo.create(name, **{"image_shape": (4, 4, 1), "levels": 2} | arguments)
