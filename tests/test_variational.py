"""The mathematics of the bounds: closed-form KL, reparameterisation, and their order where log p(x) is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tests.zoo import ROWS
from tfgen import zoo
from tfgen.distributions.latents import (
    AutoregressiveGaussian,
    BottomUp,
    DiagonalGaussian,
    Flow,
    FullGaussian,
    Latents,
    Layers,
    Mixture,
    OneHot,
    RelaxedOneHot,
    Walk,
    repeat,
    standard_normal,
)
from tfgen.distributions.likelihoods import LIKELIHOODS, Bernoulli, Gaussian
from tfgen.losses import variational
from tfgen.metrics import latents
from tfgen.ops import seeds
from tfgen.vae import posteriors
from tfgen.vae.ladder_vae import product
from tfgen.vae.posteriors import InverseAutoregressive, Planar

tfd = tfp.distributions

MEAN, STDDEV = tf.constant([[0.5, -1.0], [0.1, 2.0]]), tf.constant([[0.5, 1.5], [0.1, 0.9]])
SCALE = tf.constant([[[0.9, 0.0], [-0.4, 0.3]], [[0.2, 0.0], [1.5, 0.8]]])
GAUSSIANS = {
    "diagonal": (DiagonalGaussian(MEAN, STDDEV), tfd.MultivariateNormalDiag(MEAN, STDDEV)),
    "full": (FullGaussian(MEAN, SCALE), tfd.MultivariateNormalTriL(MEAN, SCALE)),
}


@pytest.mark.parametrize("name", GAUSSIANS)
def test_gaussians_against_tfp(name):
    mine, theirs = GAUSSIANS[name]
    value = tf.constant([[0.2, 0.3], [1.0, -1.0]])
    np.testing.assert_allclose(mine.log_prob(value), theirs.log_prob(value), rtol=1e-5)
    for prior in (
        (standard_normal(2), tfd.MultivariateNormalDiag(tf.zeros(2), tf.ones(2))),
        (DiagonalGaussian(MEAN[::-1], 2.0 * STDDEV), tfd.MultivariateNormalDiag(MEAN[::-1], 2.0 * STDDEV)),
    ):
        (kl,) = mine.kl(prior[0], drawn=None)  # in closed form: it needs no sample
        np.testing.assert_allclose(kl, tfd.kl_divergence(theirs, prior[1]), rtol=1e-5)
    drawn = tf.function(mine.draw)(seeds.seed_rows(10_000, 1)[::5000])  # what is drawn has the log-probability it says
    np.testing.assert_allclose(drawn.log_prob, theirs.log_prob(drawn.value), rtol=1e-4)
    np.testing.assert_allclose(mine.moments()["mean"], theirs.mean())
    np.testing.assert_allclose(mine.moments()["stddev"], theirs.stddev(), rtol=1e-6)


@pytest.mark.parametrize("name", GAUSSIANS)
def test_kl_without_a_closed_form_is_a_sample_of_it(name):
    """The same prior written as a mixture has none: its estimate at each draw has the closed form for its mean."""
    rows = 5000
    posterior = type(GAUSSIANS[name][0])(
        *(tf.repeat(one[:1], rows, 0) for one in (MEAN, SCALE if name == "full" else STDDEV))
    )
    prior = DiagonalGaussian(tf.constant([0.2, -0.5]), tf.constant([1.2, 2.0]))
    mixture = Mixture(tf.zeros([2]), DiagonalGaussian(*(tf.stack([one] * 2) for one in (prior.mean(), prior.stddev()))))
    drawn = tf.function(posterior.draw)(seeds.seed_rows(rows))
    (estimate,) = posterior.kl(mixture, drawn)
    assert np.std(estimate) > 0.1
    np.testing.assert_allclose(
        np.mean(estimate), posterior.kl(prior, drawn)[0][0], atol=4 * np.std(estimate) / rows**0.5
    )


def test_classes_and_their_relaxation_against_tfp():
    logits = tf.constant([[0.5, -1.0, 2.0], [0.0, 0.0, 1.0]])
    theirs, prior = tfd.Categorical(logits), OneHot(tf.constant([0.3, 0.0, -0.2]))
    for made in (OneHot(logits), RelaxedOneHot(logits, 0.5)):
        (kl,) = made.kl(prior, None)
        np.testing.assert_allclose(kl, tfd.kl_divergence(theirs, tfd.Categorical([[0.3, 0.0, -0.2]])), rtol=1e-5)
    np.testing.assert_allclose(OneHot(logits).log_prob(tf.one_hot([2, 1], 3)), theirs.log_prob([2, 1]), rtol=1e-5)
    many, seed = repeat(logits[:1], 5000), seeds.seed_rows(5000)
    hard, soft = OneHot(many).draw(seed), RelaxedOneHot(many, 0.5).draw(seed)
    probs = np.exp(logits[0]) / np.exp(logits[0]).sum()
    np.testing.assert_allclose(tf.reduce_mean(hard.value, 0), probs, atol=4 * 0.5 / 5000**0.5)
    assert set(np.unique(hard.value)) == {0.0, 1.0}
    np.testing.assert_array_equal(tf.argmax(soft.value, -1), tf.argmax(hard.value, -1))  # by the same noise
    relaxed = tfd.RelaxedOneHotCategorical(0.5, logits[0]).sample(5000, seed=[1, 2]).numpy()
    for quantile in (0.1, 0.5, 0.9):
        np.testing.assert_allclose(np.quantile(soft.value, quantile, 0), np.quantile(relaxed, quantile, 0), atol=0.04)


def test_a_class_is_soft_in_training_and_hard_wherever_it_is_measured():
    name, arguments = ROWS["joint_vae"]
    model = zoo.build(name, **arguments)
    image = tf.zeros([50, *model.image_shape], tf.uint8)
    for training, share in ((False, 1.0), (True, 0.0)):
        classes, _ = model.encode(image, training=training).draw(seeds.seed_rows(50)).value
        np.testing.assert_allclose(tf.reduce_sum(classes, -1), 1.0, rtol=1e-5)
        assert np.isin(classes, (0.0, 1.0)).all(axis=1).mean() == share


def test_an_autoregressive_normal_against_its_joint():
    """z1 ~ N(.3, .5^2), z2 ~ N(2 z1, .7^2): normal together."""

    def conditionals(z):
        return tf.stack([0.3 + 0.0 * z[:, 0], 2.0 * z[:, 0]], -1), tf.constant([0.5, 0.7]) + 0.0 * z

    made = AutoregressiveGaussian(2, conditionals)
    covariance = np.array([[0.25, 0.5], [0.5, 1.0 + 0.49]], np.float32)
    theirs = tfd.MultivariateNormalFullCovariance([0.3, 0.6], covariance)
    value, log_prob, _ = tf.function(made.draw)(seeds.seed_rows(10_000))
    np.testing.assert_allclose(log_prob, theirs.log_prob(value), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(np.mean(value, 0), [0.3, 0.6], atol=0.04)
    np.testing.assert_allclose(np.cov(value, rowvar=False), covariance, atol=0.08)


def test_a_mixture_draws_its_components_by_their_weights():
    logits, mean = tf.constant([0.0, -np.inf, np.log(3.0), -np.inf], tf.float32), tf.constant([[-5.0], [0], [5], [9]])
    mixture = Mixture(logits, DiagonalGaussian(mean, tf.constant([[0.5], [1], [1], [1]])))
    value, log_prob, _ = tf.function(mixture.draw)(seeds.seed_rows(4000))
    right = value.numpy().ravel() > 0
    np.testing.assert_allclose(right.mean(), 0.75, atol=4 * (0.75 * 0.25 / 4000) ** 0.5)
    np.testing.assert_allclose([value[right].numpy().mean(), value[right].numpy().std()], [5.0, 1.0], atol=0.07)
    theirs = tfd.MixtureSameFamily(tfd.Categorical(logits), tfd.MultivariateNormalDiag(mean, [[0.5], [1], [1], [1]]))
    np.testing.assert_allclose(log_prob, theirs.log_prob(value), rtol=1e-5)


# p(z1) = N(0, I), p(z2 | z1) = N(A z1, .5^2 I), p(x | z2) = N(B z2, .6^2 I): x is normal, and z2 alone is.
A, B, X = np.random.default_rng(0).normal(size=(3, 2, 2)).astype(np.float32) * np.float32(0.7)
PRIOR_COVARIANCE = A @ A.T + 0.25 * np.eye(2, dtype=np.float32)


def exact_log_prob():
    return tfd.MultivariateNormalFullCovariance(
        tf.zeros(2), B @ PRIOR_COVARIANCE @ B.T + 0.36 * np.eye(2, dtype=np.float32)
    ).log_prob(X)


class Likelihood(tfd.MultivariateNormalDiag):
    """Of real vectors: the bounds ask for `log_prob` alone."""

    def __init__(self, latents):
        super().__init__((latents[-1] if isinstance(latents, tuple) else latents) @ B.T, 0.6 * tf.ones(2))


def planar(z):
    """Rezende and Mohamed 2015, eq. 10 to 12."""
    w, u, b = tf.constant([0.5, -0.3]), tf.constant([0.3, 0.4]), 0.1
    h = tf.tanh(tf.reduce_sum(z * w, -1) + b)
    return z + u * h[:, None], tf.math.log(tf.abs(1 + (1 - h**2) * tf.reduce_sum(w * u)))


def below(*precisions):
    """Covariance of a normal whose precisions add up."""
    return np.linalg.inv(sum(precisions)).astype(np.float32)


# Of z2 given x; of z1 given x; of z2 given x and z1.
POSTERIOR = below(np.linalg.inv(PRIOR_COVARIANCE), B.T @ B / 0.36)
TOP = below(np.eye(2), A.T @ B.T @ np.linalg.inv(0.25 * B @ B.T + 0.36 * np.eye(2)) @ B @ A)
LOWER = below(np.eye(2) / 0.25, B.T @ B / 0.36)


def guess(x, widened=1.2) -> Latents:
    """The true mean and the marginal deviations of z2 given x, a little wider than they are."""
    mean = x @ B @ POSTERIOR / 0.36
    return DiagonalGaussian(mean, widened * np.diag(POSTERIOR) ** 0.5 * tf.ones_like(mean))


def guess_top(x) -> Latents:
    mean = x @ (np.linalg.inv(0.25 * B @ B.T + 0.36 * np.eye(2, dtype=np.float32)) @ B @ A @ TOP)
    return FullGaussian(mean, 1.2 * np.linalg.cholesky(TOP))


def guess_lower(x, z1) -> Latents:
    mean = (x @ B / 0.36 + z1 @ A.T / 0.25) @ LOWER
    return DiagonalGaussian(mean, 1.2 * np.diag(LOWER) ** 0.5 * tf.ones_like(mean))


def guess_upwards(z2) -> Latents:
    covariance = below(np.eye(2), A.T @ A / 0.25)
    return DiagonalGaussian(z2 @ A @ covariance / 0.25, 1.2 * np.diag(covariance) ** 0.5 * tf.ones_like(z2))


ONE_LAYER = FullGaussian(tf.zeros(2), np.linalg.cholesky(PRIOR_COVARIANCE))
TWO_LAYERS = Layers(lambda: standard_normal(2), lambda z1: DiagonalGaussian(z1 @ A.T, 0.5 * tf.ones_like(z1)))
# The same two layers, as a state that goes down: it is z1 below the first.
WALK_START, WALK_STEPS = [lambda rows: tf.zeros([rows, 2])], [lambda state, z: z] * 2
WALK = Walk(
    *WALK_START, [lambda _: standard_normal(2), lambda z1: DiagonalGaussian(z1 @ A.T, 0.5 * tf.ones([2]))], WALK_STEPS
)
POSTERIORS = {
    "diagonal": (ONE_LAYER, guess),
    "full": (ONE_LAYER, lambda x: FullGaussian(guess(x).mean(), 1.3 * np.linalg.cholesky(POSTERIOR))),
    "flow": (ONE_LAYER, lambda x: Flow(guess(x), [planar, planar])),
    "mixture": (ONE_LAYER, lambda x: Mixture([0.3, 0.9], guess(tf.constant(X), 1.4))),
    "layers": (TWO_LAYERS, lambda x: Layers(lambda: guess_top(x), lambda z1: guess_lower(x, z1))),
    "flow in layers": (
        TWO_LAYERS,
        lambda x: Layers(lambda: Flow(guess_top(x), [planar]), lambda z1: guess_lower(x, z1)),
    ),
    "upwards": (TWO_LAYERS, lambda x: BottomUp(lambda: guess(x), guess_upwards)),
    "walk": (WALK, lambda x: Walk(*WALK_START, [lambda _: guess_top(x), lambda z1: guess_lower(x, z1)], WALK_STEPS)),
}


@pytest.mark.parametrize("name", POSTERIORS)
def test_weights_are_unbiased_and_bounds_in_order(name):
    """The mean importance weight is p(x), whatever the posterior; ELBO < 4 samples < 40 samples < ln p(x)."""
    prior, posterior = POSTERIORS[name]
    k, exact = 4000, exact_log_prob().numpy()
    image, seed = repeat(tf.constant(X), k), seeds.seed_rows(2 * k)

    @tf.function
    def both(image, seed):
        weights = variational.weight(prior, posterior(image), Likelihood, image, seed).value
        elbo = variational.elbo(prior, posterior(image), Likelihood, image, seed)
        return weights, elbo.value, elbo.kl_of_layers

    weights, elbo, kl_of_layers = both(image, seed)
    ratio = np.exp(tf.reshape(weights, [k, 2]).numpy() - exact)
    np.testing.assert_allclose(ratio.mean(0), 1.0, atol=4 * (ratio.std(0) / k**0.5).max())
    assert (ratio.std(0) / k**0.5).max() < 0.02
    bounds = [
        tf.reduce_mean(variational.importance_bound(tf.reshape(weights, [n, -1, 2])), 0).numpy() for n in (1, 4, 40)
    ]
    value = tf.reshape(elbo, [k, 2]).numpy()
    np.testing.assert_allclose(value.mean(0), bounds[0], atol=4 * (value.std(0) / k**0.5).max())
    for lower, higher in zip(bounds, [*bounds[1:], exact], strict=True):
        np.testing.assert_array_less(lower, higher + 4 * (value.std(0) / k**0.5).max() * (higher is exact))
    assert len(kl_of_layers) == (2 if prior in (TWO_LAYERS, WALK) else 1)


def test_with_the_true_posterior_every_weight_is_p_of_x():
    posterior = FullGaussian(X @ B @ POSTERIOR / 0.36, np.linalg.cholesky(POSTERIOR))
    weights = variational.weight(ONE_LAYER, posterior, Likelihood, X, seeds.seed_rows(2)).value
    np.testing.assert_allclose(weights, exact_log_prob(), atol=1e-5)


def test_the_kl_of_layers_is_each_layers_own_given_what_was_drawn_above():
    posterior = Layers(lambda: guess(X), lambda z1: guess_lower(X, z1))
    drawn = posterior.draw(seeds.seed_rows(2))
    z1, _ = drawn.value
    q = [guess(X), guess_lower(X, z1)]
    q = [tfd.MultivariateNormalDiag(one.mean(), one.stddev()) for one in q]
    p = [tfd.MultivariateNormalDiag(tf.zeros(2), tf.ones(2)), tfd.MultivariateNormalDiag(z1 @ A.T, 0.5 * tf.ones(2))]
    np.testing.assert_allclose(posterior.kl(TWO_LAYERS, drawn), [q[i].kl_divergence(p[i]) for i in (0, 1)], rtol=1e-5)
    np.testing.assert_allclose(posterior.log_prob(drawn.value), drawn.log_prob, rtol=1e-5)


@pytest.mark.parametrize("name", [*GAUSSIANS, "flow", "layers"])
def test_reparameterised_gradient_against_finite_differences(name):
    """The derivative of the very samples, with a fixed seed."""

    @tf.function
    def value(shift, scale):
        f = X + shift
        latents = {
            "diagonal": lambda: DiagonalGaussian(f, scale * tf.ones_like(f)),
            "full": lambda: FullGaussian(f, scale * SCALE),
            "flow": lambda: Flow(DiagonalGaussian(f, scale * tf.ones_like(f)), [planar]),
            "layers": lambda: Layers(lambda: guess(f), lambda z1: DiagonalGaussian(f * z1, scale * tf.ones_like(f))),
        }[name]()
        z = latents.draw(seeds.seed_rows(2, 5)).value
        return tf.reduce_sum(tf.sin(z[-1] if isinstance(z, tuple) else z))

    at = tf.constant([0.3, 0.8])
    with tf.GradientTape() as tape:
        tape.watch(at)
        result = value(at[0], at[1])
    gradient = tape.gradient(result, at)
    for i in (0, 1):
        up, down = (value(*(at + sign * 1e-2 * tf.one_hot(i, 2))) for sign in (1, -1))
        assert abs(gradient[i]) > 0.1
        np.testing.assert_allclose(gradient[i], (up - down) / 2e-2, rtol=0.01)


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_gaussian_masses_sum_to_one_and_stay_finite(levels):
    """Over all levels, at means inside and far outside of the range and at scales from the floor to the ceiling."""
    raw = np.array(
        [(mean, scale) for mean in (-1e6, -3.0, -0.2, 0.0, 0.7, 1e6) for scale in (-1e6, -8.0, -2.0, 0.0, 3.0, 1e6)],
        np.float32,
    )
    values = tf.constant(np.broadcast_to(raw[:, None, None, :], (len(raw), levels, 1, 2)).copy())
    image = np.broadcast_to(np.arange(levels, dtype=np.uint8)[None, :, None, None], (len(raw), levels, 1, 1))
    with tf.GradientTape() as tape:
        tape.watch(values)
        likelihood = Gaussian(values, levels)
        by_level = likelihood.distribution.distribution.log_prob(tf.cast(image, tf.float32))
    assert np.isfinite(by_level).all() and np.isfinite(tape.gradient(by_level, values)).all()
    np.testing.assert_allclose(np.exp(by_level).sum(axis=(1, 2, 3)), 1.0, atol=2e-3)
    assert np.max(by_level) <= 1e-6


@pytest.mark.parametrize("name", ["gaussian", "logistic"])
def test_masses_against_the_integral(name):
    from scipy.stats import logistic, norm

    values = np.zeros((1, 17, 1, 2), np.float32)
    values[..., 0], values[..., 1] = 0.3, -1.0
    likelihood = LIKELIHOODS[name](values, 17)
    mean, stddev = float(likelihood.mean[0, 0, 0, 0]), float(likelihood.scale[0, 0, 0, 0])
    edges = (norm if name == "gaussian" else logistic).cdf((np.arange(16) + 0.5 - mean) / stddev)
    mass = np.diff(np.concatenate([[0.0], edges, [1.0]]))
    image = np.arange(17, dtype=np.uint8).reshape(1, 17, 1, 1)
    np.testing.assert_allclose(likelihood.log_prob(image), [np.log(mass).sum()], rtol=1e-4)
    np.testing.assert_allclose(likelihood.stddev[0, 0, 0, 0], stddev * (1 if name == "gaussian" else np.pi / 3**0.5))


def test_bernoulli_against_the_formula():
    logits = tf.constant([-2.0, 0.0, 3.0]).numpy().reshape(1, 3, 1, 1)
    p = 1 / (1 + np.exp(-logits.ravel()))
    image = np.array([1, 0, 1], np.uint8).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(Bernoulli(logits).log_prob(image), [np.log(p[0] * (1 - p[1]) * p[2])], rtol=1e-6)
    extreme = Bernoulli(tf.constant([[[[1e4]]], [[[-1e4]]]]))
    assert np.isfinite(extreme.log_prob(np.array([[[[0]]], [[[1]]]], np.uint8))).all()


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_samples_of_a_likelihood_have_its_mean(name):
    kind = LIKELIHOODS[name]
    levels = 2 if name == "bernoulli" else 17
    values = tf.tile(tf.random.stateless_normal([1, 2, 2, kind.parameters], [1, 2]) - 1.0, [4000, 1, 1, 1])
    likelihood = kind(values, levels)
    draws = tf.cast(tf.function(likelihood.sample)(seeds.seed_rows(4000)), tf.float32)
    assert tf.reduce_max(draws) < levels
    probabilities = np.stack(
        [
            np.exp(
                kind(values[:1, :1, :1], levels).distribution.log_prob(
                    tf.fill([1, 1, 1, 1], tf.cast(level, tf.int32 if name == "bernoulli" else tf.float32))
                )
            )
            for level in range(levels)
        ]
    )
    expected = (probabilities[:, 0] * np.arange(levels)).sum()
    np.testing.assert_allclose(
        tf.reduce_mean(draws, 0)[0, 0, 0], expected, atol=5 * np.std(draws[:, 0, 0, 0]) / 4000**0.5 + 1e-6
    )


def vae(**arguments):
    keras.utils.set_random_seed(0)
    return zoo.build(
        "vae",
        **{"image_shape": (4, 4, 1), "levels": 2, "latent_dim": 2, "width": 8, "depth": 1, "architecture": "mlp"}
        | arguments,
    )


def wide_vae():
    """A decoder away from its start under a posterior near N(0, 1.3^2 I): importance weights are bounded."""
    model = vae()
    for i, variable in enumerate(model.decoder.trainable_variables):
        variable.assign_add(0.5 * tf.random.stateless_normal(variable.shape, [1, i]))
    model.encoder.layers[-1].bias.assign([0.0, 0.0, 1.0, 1.0])
    return model, tf.cast(tf.random.stateless_uniform([3, 4, 4, 1], [1, 1]) < 0.5, tf.uint8)


def test_bounds_of_a_vae_against_quadrature():
    """ln p(x) by integration over a grid of two latents: ELBO <= importance bound <= it, and the gap closes."""
    model, image = wide_vae()
    axis = np.linspace(-7, 7, 281, dtype=np.float32)
    grid = tf.constant(np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2))
    area = (axis[1] - axis[0]) ** 2
    exact = [
        float(
            tf.reduce_logsumexp(
                model.decode(grid).log_prob(tf.tile(x[None], [len(grid), 1, 1, 1])) + model.prior().log_prob(grid)
            )
            + np.log(area)
        )
        for x in image
    ]
    bound = tf.function(model.importance_bound)
    np.testing.assert_allclose(bound(image, 6000, seeds.seed_rows(3), at_once=500), exact, atol=0.05)
    many, seed = repeat(image, 500), seeds.seed_rows(1500)
    elbo = tf.reduce_mean(tf.reshape(tf.function(model.elbo)(many, seed), [500, 3]), 0)
    np.testing.assert_array_less(elbo, np.array(exact) - 0.1)


def test_importance_bound_is_the_one_bound_of_its_samples():
    """However it is cut: against log weights that are computed one sample after another."""
    model, image = wide_vae()
    seed = seeds.seed_rows(3)
    for k, at_once in ((6, 3), (6, 2)):
        weights = []
        for chunk in range(k // at_once):
            rows = tf.stack([tf.random.fold_in(row, chunk) for row in seed])
            for own in seeds.split(rows, at_once):
                posterior = model.encode(image)
                z = posterior.draw(own).value
                q = tfd.MultivariateNormalDiag(posterior.mean(), posterior.stddev()).log_prob(z)
                p = tfd.MultivariateNormalDiag(tf.zeros(2), tf.ones(2)).log_prob(z)
                weights.append(model.decode(z).log_prob(image) + p - q)
        expected = np.log(np.mean(np.exp(np.stack(weights).astype(np.float64)), axis=0))
        np.testing.assert_allclose(model.importance_bound(image, k, seed, at_once=at_once), expected, rtol=1e-5)
    with pytest.raises(ValueError, match="k=7: must be a positive multiple of at_once=2"):
        model.importance_bound(image, 7, seed, at_once=2)


def test_an_autoregressive_likelihood_is_a_distribution_of_all_images_given_z():
    name, arguments = ROWS["pixel_vae"]
    keras.utils.set_random_seed(0)
    model = zoo.build(name, **arguments | {"image_shape": (2, 2, 1), "levels": 3})
    every = np.stack(np.meshgrid(*[range(3)] * 4), -1).reshape(81, 2, 2, 1).astype(np.uint8)
    latents = repeat(model.prior().draw(seeds.seed_rows(1, 3)).value, 81)
    likelihood = model.decode(latents)
    np.testing.assert_allclose(tf.reduce_sum(tf.exp(likelihood.log_prob(every))), 1.0, rtol=1e-5)
    assert np.std(likelihood.log_prob(every)) > 0.05
    assert likelihood.shows_sample and not likelihood.moments()


@pytest.mark.slow
@pytest.mark.parametrize(
    "row",
    [
        "vae_logistic_conditional",
        "vae_iaf_autoregressive",
        "vae_total_correlation_vamp",
        "hierarchical_vae",
        "ladder_vae",
        "resnet_vae",
        "joint_vae",
        "pixel_vae",
    ],
)
def test_bounds_of_all_images_are_of_a_distribution_that_is_sampled(row, monkeypatch):
    """Of every image of four pixels: the bounds' probabilities sum to one, and are how often samples come."""
    monkeypatch.setattr(posteriors, "MIN_STDDEV", 0.8)  # posteriors wider than the prior, so that no weight is large
    name, arguments = ROWS[row]
    keras.utils.set_random_seed(0)
    small = {"image_shape": (2, 2, 1), "levels": 2} | ({"halvings": (1, 1)} if "halvings" in arguments else {})
    model = zoo.build(name, **arguments | small)
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.1 * tf.random.stateless_normal(variable.shape, [0, i]))
    for said in getattr(model, "says", []):  # of a ladder, whose posterior is the narrower the more is said
        said.bias.assign(tf.repeat([0.0, 2.0], said.bias.shape[0] // 2))
    bits = np.arange(16)[:, None] >> np.arange(4) & 1
    rows = 4000
    label = {"label": tf.ones([rows], tf.int32)} if model.num_classes else {}
    bound = tf.function(model.importance_bound)(
        tf.constant(bits.reshape(16, 2, 2, 1), tf.uint8),
        2000,
        seeds.seed_rows(16),
        at_once=100,
        **{name: value[:16] for name, value in label.items()},
    )
    probs = np.exp(bound.numpy())
    np.testing.assert_allclose(probs.sum(), 1.0, atol=0.05)
    drawn = tf.function(model.sample)(seeds.seed_rows(rows, 1), **label).numpy().reshape(rows, 4)
    shares = np.bincount(drawn @ (1 << np.arange(4)), minlength=16) / rows
    np.testing.assert_allclose(shares, probs, atol=0.03)
    assert np.ptp(probs) > 0.02


@pytest.mark.parametrize("kind", [Planar, InverseAutoregressive])
def test_log_determinants_of_flows_against_their_jacobian(kind):
    made = kind(3, steps=2)
    features = tf.random.stateless_normal([1, made.size], [1, 1])
    made.latents(features).draw(seeds.seed_rows(1))
    for i, variable in enumerate(made.trainable_variables):
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [2, i]))
    for i, step in enumerate(made.latents(3.0 * features).steps):
        z = tf.random.stateless_normal([1, 3], [3, i])
        with tf.GradientTape() as tape:
            tape.watch(z)
            value, log_det = step(z)
        jacobian = tape.jacobian(value, z)[0, :, 0].numpy()
        np.testing.assert_allclose(log_det[0], np.log(abs(np.linalg.det(jacobian))), atol=1e-5)
        assert abs(log_det[0]) > 0.01
        if kind is InverseAutoregressive:  # whose order the next step sees turned round
            assert (np.triu(jacobian[::-1], 1) == 0).all()


def test_the_doubly_reparameterised_gradient_is_the_same_in_the_mean_and_varies_less():
    n, k = 4000, 5
    image, seed = tf.repeat(tf.constant(X[:1]), n * k, 0), seeds.repeat(seeds.seed_rows(n), k)

    @tf.function
    def gradients(double):
        parameters = tf.tile(tf.constant([[0.3, -0.2, 1.4, 0.8]]), [n, 1])
        with tf.GradientTape() as tape:
            tape.watch(parameters)

            def posterior(parameters):
                shift, scale = tf.split(repeat(parameters, k), 2, axis=-1)
                return DiagonalGaussian(guess(image).mean() + shift, guess(image).stddev() * scale)

            if double:
                made = variational.doubly_reparameterised_weight(
                    ONE_LAYER,
                    posterior(parameters),
                    posterior(tf.stop_gradient(parameters)),
                    Likelihood,
                    image,
                    seed,
                    k,
                )
            else:
                made = variational.weight(ONE_LAYER, posterior(parameters), Likelihood, image, seed)
            bound = variational.importance_bound(tf.reshape(made.value, [k, n]))
        return bound, tape.gradient(bound, parameters)

    (bound, plain), (same, double) = gradients(False), gradients(True)
    np.testing.assert_allclose(bound, same, rtol=1e-4)
    difference = plain.numpy() - double.numpy()
    np.testing.assert_allclose(difference.mean(0), 0.0, atol=4 * (difference.std(0) / n**0.5).max())
    assert (np.abs(plain.numpy().mean(0)) > 5 * plain.numpy().std(0) / n**0.5).all()
    assert (double.numpy().std(0) < 0.8 * plain.numpy().std(0)).all()


def test_a_ladder_adds_the_product_of_two_normals():
    """Against the product of densities on a grid, normalised."""
    one, other = DiagonalGaussian([[0.5]], [[0.4]]), DiagonalGaussian([[-1.0]], [[0.9]])
    grid = np.linspace(-6, 6, 4001, dtype=np.float32)[:, None]
    density = np.exp(one.log_prob(grid) + other.log_prob(grid))
    density /= density.sum()
    mean = (density * grid[:, 0]).sum()
    made = product(one, other)
    np.testing.assert_allclose(made.mean(), [[mean]], atol=1e-4)
    np.testing.assert_allclose(made.stddev(), [[(density * (grid[:, 0] - mean) ** 2).sum() ** 0.5]], atol=1e-4)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "logistic"])
def test_a_model_begins_with_the_mean_image(likelihood):
    levels = 2 if likelihood == "bernoulli" else 17
    image = np.random.default_rng(0).binomial(levels - 1, np.linspace(0.2, 0.8, 16).reshape(1, 4, 4, 1), (50, 4, 4, 1))
    model = vae(likelihood=likelihood, levels=levels)
    model.initialize({"image": tf.constant(image, tf.uint8)})
    for variable in model.decoder.trainable_variables:
        if variable.path.endswith("kernel"):
            variable.assign(tf.zeros_like(variable))
    shown = model.decode(tf.ones([1, 2]))
    np.testing.assert_allclose(shown.mean[0], image.mean(0), atol=0.02 * levels)
    if levels > 2:
        np.testing.assert_allclose(shown.scale[0], image.std(0), atol=0.1 + shown.MIN_SCALE)
    pixels = image / (levels - 1.0) * 2.0 - 1.0
    np.testing.assert_allclose(model.encoder.layers[0].mean, pixels.mean(0), atol=1e-5)


def test_a_diagnosis_against_numpy():
    from scipy.stats import norm

    model = vae()
    for i, variable in enumerate(model.encoder.trainable_variables):
        variable.assign_add(0.7 * tf.random.stateless_normal(variable.shape, [1, i]))
    head = model.encoder.layers[-1]
    head.kernel.assign(head.kernel * [1.0, 0.0, 1.0, 1.0])  # of two units one says nothing
    image = tf.cast(tf.random.stateless_uniform([40, 4, 4, 1], [1, 1]) < 0.5, tf.uint8)
    figures, warnings = model.diagnose({"image": image})
    assert figures["active_units"] == 1 and not warnings
    posterior = model.encode(image)
    mean, stddev = posterior.mean().numpy(), posterior.stddev().numpy()
    kl = 0.5 * (mean**2 + stddev**2 - 1) - np.log(stddev)
    np.testing.assert_allclose(figures["kl_of_dimensions"], kl.mean(0), atol=1e-4)
    np.testing.assert_allclose(posterior.kl(model.prior(), None)[0], kl.sum(1), rtol=1e-4)
    z = posterior.draw(seeds.step_rows(0, 0, 0, 40)).value.numpy()
    each = np.array([[norm.logpdf(a, m, s).sum() for m, s in zip(mean, stddev, strict=True)] for a in z])
    information = np.mean(np.diag(each) - np.log(np.exp(each).mean(1)))
    np.testing.assert_allclose(figures["mutual_information"], information, atol=2e-4)
    head.kernel.assign(tf.zeros_like(head.kernel))
    assert not model.diagnose({"image": image}).warnings  # not before the first step
    model.step.assign(7)
    (warning,) = model.diagnose({"image": image}).warnings.values()
    assert "posterior of latents has collapsed" in warning and "of its 2 units none is active" in warning


@pytest.mark.parametrize("name, arguments", [ROWS["vae_conv"], ROWS["iwae"], ROWS["hierarchical_vae"]])
def test_hidden_layers_have_the_activation_that_is_named(name, arguments):
    """Without one all of them are linear: then so are the networks, up to a constant."""
    model = zoo.build(name, **arguments | {"activation": "linear"})
    curved = zoo.build(name, **arguments | {"activation": "silu"})

    def bend(network, *shape):
        x = tf.random.stateless_normal([2, *shape], [1, 2])
        ends, middle = network(x), network(tf.reduce_mean(x, axis=0, keepdims=True))
        return np.abs(tf.reduce_mean(ends, axis=0, keepdims=True) - middle).max()

    for one, bent in ((model, False), (curved, True)):
        dims = one.decoder.input_shape[-1]
        networks = [(one.encoder, one.image_shape), (one.decoder, [dims])]
        networks += [
            (network, [network.input_shape[-1]]) for network in [*getattr(one, "up", []), *getattr(one, "down", [])]
        ]
        for network, shape in networks:
            assert (bend(network, *shape) > 1e-4) == bent
    with pytest.raises(ValueError, match="activation='sillu': must be one of Keras's"):
        zoo.build(name, **arguments | {"activation": "sillu"})


def test_activity_leaves_the_variance_of_draws_out():
    random = np.random.default_rng(0)
    means = random.normal(size=(5000, 3)) * [1.0, 0.5, 0.0]
    one, other = means + random.normal(size=(2, 5000, 3))
    np.testing.assert_allclose(latents.activity(one, other), [1.0, 0.25, 0.0], atol=0.09)
    assert latents.active_units(means, means) == 2


@pytest.mark.parametrize("row, layers", [("hierarchical_vae", 2), ("ladder_vae", 2), ("vae_iaf_autoregressive", 1)])
def test_a_diagnosis_has_every_layer(row, layers):
    name, arguments = ROWS[row]
    model = zoo.build(name, **arguments)
    figures, _ = model.diagnose({"image": tf.zeros([6, *model.image_shape], tf.uint8)})
    units = [figure for figure in figures if figure.startswith("active_units")]
    assert units == (["active_units"] if layers == 1 else [f"active_units_{i}" for i in range(1, layers + 1)])
    assert sum(figure.startswith("kl_of_dimensions") for figure in figures) == (layers if row == "ladder_vae" else 0)


def test_total_correlation_against_a_loop():
    from scipy.stats import norm

    mean, stddev, z = (np.random.default_rng(i).uniform(0.3, 1.5, (5, 3)).astype(np.float32) for i in range(3))
    each = np.array([[norm.logpdf(z[i], mean[j], stddev[j]) for j in range(5)] for i in range(5)])  # [i, j, d]
    joint = np.log(np.exp(each.sum(-1)).mean(1))
    expected = joint - np.log(np.exp(each).mean(1)).sum(-1)
    np.testing.assert_allclose(variational.total_correlation(DiagonalGaussian(mean, stddev), z), expected, rtol=1e-4)
    model = vae(total_correlation=3.0)
    terms = model._terms({"image": tf.zeros([4, 4, 4, 1], tf.uint8)}, seeds.seed_rows(4), False)
    expected = terms["reconstruction"] + terms["kl"] + 3.0 * terms["total_correlation"]
    np.testing.assert_allclose(model._objective(terms), expected, rtol=1e-5)


def test_the_loss_of_several_samples_is_their_bound():
    model = vae(samples=4)
    image = tf.cast(tf.random.stateless_uniform([3, 4, 4, 1], [1, 1]) < 0.5, tf.uint8)
    terms = model._importance_terms({"image": image}, seeds.seed_rows(3), False)
    weights = []
    for seed in seeds.split(seeds.seed_rows(3), 4):
        posterior = model.encode(image)
        z = posterior.draw(seed).value
        q = tfd.MultivariateNormalDiag(posterior.mean(), posterior.stddev()).log_prob(z)
        p = tfd.MultivariateNormalDiag(tf.zeros(2), tf.ones(2)).log_prob(z)
        weights.append(model.decode(z).log_prob(image) + p - q)
    (player,) = model.players()
    np.testing.assert_allclose(player.objective(terms), -np.log(np.mean(np.exp(np.stack(weights)), 0)), rtol=1e-5)
    np.testing.assert_allclose(terms["negative_elbo"], -np.mean(weights, 0), rtol=1e-5)


def test_noise_reaches_the_decoder_in_training_alone():
    keras.utils.set_random_seed(0)
    sizes = {"latent_dim": 2, "width": 2, "depth": 1, "planes": 2, "layer_width": 3, "head_width": 3}
    model = zoo.build("pixel_vae", image_shape=(3, 4, 1), levels=2, dropout=0.5, **sizes)
    batch = {"image": tf.ones([4, 3, 4, 1], tf.uint8)}

    def reconstruction(seed, training):
        return model._terms(batch, seeds.seed_rows(4, seed), training)["reconstruction"].numpy()

    calm = reconstruction(1, False)
    latents = model.encode(batch["image"]).draw(seeds.seed_rows(4, 1)).value
    np.testing.assert_allclose(calm, -model.decode(latents).log_prob(batch["image"]), rtol=1e-6)
    np.testing.assert_array_equal(reconstruction(1, True), reconstruction(1, True))
    assert np.abs(reconstruction(1, True) - calm).max() > 1e-3


def test_objective_of_beta_free_bits_and_warmup():
    terms = {"reconstruction": tf.constant([10.0, 20.0]), "kl": tf.constant([1.0, 5.0])}
    np.testing.assert_allclose(vae()._objective(terms), [11.0, 25.0])
    np.testing.assert_allclose(vae(beta=4.0)._objective(terms), [14.0, 40.0])
    model = vae(beta=2.0, warmup_steps=10)
    for step, weight in ((0, 0.0), (5, 1.0), (10, 2.0), (100, 2.0)):
        model.step.assign(step)
        np.testing.assert_allclose(model._objective(terms), [10.0 + weight, 20.0 + 5 * weight])


def test_free_bits_are_of_the_mean_over_the_batch_of_all_replicas(mirrored):
    """max(mean kl, free bits) of each layer, not the mean of max(kl, free bits); two replicas are as one."""
    kl = np.array([[1.0, 5.0, 3.5, 4.5], [0.5, 0.5, 2.5, 1.5]], np.float32)  # means 3.5, 1.25; of halves 3, 4; 0.5, 2
    for free_bits in (2.0, 3.2, 5.0):
        expected = np.maximum(kl.mean(1), free_bits).sum()
        model = vae(free_bits=free_bits)

        def objective(kl, model=model):
            terms = {"reconstruction": tf.zeros_like(kl[0]), "kl": kl[0] + kl[1], "kl_1": kl[0], "kl_2": kl[1]}
            return model._objective(terms)

        np.testing.assert_allclose(tf.reduce_mean(objective(kl)), expected)
        halves = mirrored.experimental_distribute_values_from_function(
            lambda context: tf.constant(np.split(kl, 2, axis=1)[context.replica_id_in_sync_group])
        )
        replicas = mirrored.experimental_local_results(tf.function(mirrored.run)(objective, (halves,)))
        np.testing.assert_allclose(tf.reduce_mean(replicas), expected)
        with tf.GradientTape() as tape:
            tape.watch(values := tf.constant(kl))
            loss = tf.reduce_mean(objective(values))
        np.testing.assert_allclose(tape.gradient(loss, values), np.repeat(kl.mean(1) > free_bits, 4).reshape(2, 4) / 4)


def test_losses_sum_over_pixels_and_average_over_the_batch():
    """Twice the picture, twice the nats; twice the batch, the same loss."""
    small = Bernoulli(tf.zeros([3, 4, 4, 1])).log_prob(np.zeros((3, 4, 4, 1), np.uint8))
    large = Bernoulli(tf.zeros([3, 8, 4, 1])).log_prob(np.zeros((3, 8, 4, 1), np.uint8))
    np.testing.assert_allclose(small, [-16 * np.log(2)] * 3, rtol=1e-6)
    np.testing.assert_allclose(large, 2 * small)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"latent_dim": 0}, "latent_dim=0: must be at least 1"),
        ({"likelihood": "beta"}, "likelihood='beta': must be one of"),
        ({"architecture": "cnn"}, "architecture='cnn': must be one of"),
        ({"levels": 17, "likelihood": "bernoulli"}, "levels=17: a Bernoulli likelihood needs images of 2 levels"),
        ({"posterior": "flow"}, "posterior='flow': must be one of"),
        ({"prior": "uniform"}, "prior='uniform': must be one of"),
        ({"samples": 5, "beta": 2.0}, "beta=2.0: the bound of samples=5 has no KL"),
        ({"doubly_reparameterised": True}, "doubly_reparameterised=True: is of several samples"),
        ({"samples": 5, "posterior": "iaf", "doubly_reparameterised": True}, "'iaf' has parameters of its own"),
        ({"posterior": "full", "total_correlation": 1.0}, "total_correlation=1.0: must not be negative, and is of a"),
        ({"conditional": True, "num_classes": 3, "prior": "vamp"}, "pseudo-inputs have no label"),
        ({"beta": -1.0}, "beta=-1.0: must not be negative"),
        ({"architecture": "conv", "depth": 4}, "depth=4: a 4x4 image cannot be halved"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        vae(**arguments)
