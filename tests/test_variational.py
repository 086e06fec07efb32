"""The mathematics of the bounds: closed-form KL, reparameterisation, and their order where log p(x) is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from tfgen import zoo
from tfgen.distributions.likelihoods import LIKELIHOODS, Bernoulli, Gaussian
from tfgen.distributions.sampling import diagonal_normal, sample, standard_normal
from tfgen.losses import variational
from tfgen.ops import seeds

tfd = tfp.distributions


def test_closed_form_kl_against_monte_carlo_and_formula():
    mean, stddev = tf.constant([[0.5, -1.0, 2.0]]), tf.constant([[0.5, 1.5, 0.1]])
    posterior, prior = diagonal_normal(mean, stddev), standard_normal(3)
    kl = variational.kl_divergence(posterior, prior, latents=None)  # it needs no sample
    formula = 0.5 * tf.reduce_sum(mean**2 + stddev**2 - 1.0 - 2.0 * tf.math.log(stddev))
    np.testing.assert_allclose(kl, [formula], rtol=1e-6)
    latents = sample(posterior, tf.constant([[3, 4]]), 200_000)
    differences = posterior.log_prob(latents) - prior.log_prob(latents)
    error = np.std(differences) / 200_000**0.5
    np.testing.assert_allclose(np.mean(differences), kl[0], atol=4 * error)
    # Kingma and Welling's equation 10: the mean over the batch is over the batch alone, the sum over the latents.
    assert kl.shape == (1,)


def test_kl_without_a_closed_form_is_a_sample_of_it():
    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(probs=[0.5, 0.5]), tfd.MultivariateNormalDiag([[0.0], [2.0]], [[1.0], [1.0]])
    )
    posterior, latents = diagonal_normal(tf.constant([[1.0]]), tf.constant([[1.0]])), tf.constant([[0.3]])
    expected = posterior.log_prob(latents) - mixture.log_prob(latents)
    np.testing.assert_allclose(variational.kl_divergence(posterior, mixture, latents), expected)


class LinearGaussian:
    """z ~ N(0, I), x | z ~ N(W z, s^2 I): ln p(x) = ln N(x; 0, W W' + s^2 I), and the true posterior is Gaussian."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.w = rng.normal(size=(4, 2)).astype(np.float32)
        self.s = 0.5
        self.x = tf.constant(rng.normal(size=(6, 4)).astype(np.float32))
        self.prior = standard_normal(2)

    def likelihood(self, latents):
        return tfd.Independent(tfd.Normal(latents @ self.w.T, self.s), 1)

    def log_prob(self):
        covariance = self.w @ self.w.T + self.s**2 * np.eye(4, dtype=np.float32)
        return tfd.MultivariateNormalFullCovariance(tf.zeros(4), covariance).log_prob(self.x).numpy()

    def posterior(self):
        """The best diagonal Gaussian: the true mean, and the variances of the true precision's diagonal."""
        precision = np.eye(2) + self.w.T @ self.w / self.s**2
        mean = self.x.numpy() @ self.w @ np.linalg.inv(precision) / self.s**2
        return diagonal_normal(mean, np.broadcast_to(np.diag(precision) ** -0.5, mean.shape))

    def bounds(self, posterior, k, draws):
        """(draws, 6) values of the ELBO and of the importance bound with k samples."""
        latents = sample(posterior, seeds.seed_rows(6), draws * k)
        elbo = tf.stack(
            [
                variational.elbo(self.prior, posterior, self.likelihood(z), self.x, z).value
                for z in tf.unstack(latents[:draws])
            ]
        )
        weights = variational.log_weight(self.prior, posterior, self.likelihood(latents).log_prob(self.x), latents)
        return elbo.numpy(), tf.map_fn(variational.importance_bound, tf.reshape(weights, [draws, k, 6])).numpy()


def test_elbo_below_importance_bound_below_log_prob():
    model = LinearGaussian()
    wide = model.posterior()
    wide = diagonal_normal(wide.mean() + 0.3, wide.stddev() * 1.5)
    previous, error = None, None
    for k in (1, 5, 50):
        elbo, bound = model.bounds(wide, k, 400)
        error = 4 * bound.std(0) / 20 + 4 * elbo.std(0) / 20
        if k == 1:
            np.testing.assert_array_less(np.abs(elbo.mean(0) - bound.mean(0)), error)
        else:
            np.testing.assert_array_less(previous, bound.mean(0) + error)
            np.testing.assert_array_less(elbo.mean(0), bound.mean(0) + error)
        np.testing.assert_array_less(bound.mean(0), model.log_prob() + error)
        previous = bound.mean(0)
    assert (previous - elbo.mean(0)).min() > 0.05  # the order is no tie


def test_the_gap_closes():
    """With 5,000 samples the importance bound is ln p(x) to 0.01 nats; with the true posterior any bound is exact."""
    model = LinearGaussian()
    posterior = model.posterior()  # wider than the true one, so that no weight is rare and large
    _, bound = model.bounds(diagonal_normal(posterior.mean(), posterior.stddev() * 1.5), 5000, 10)
    np.testing.assert_allclose(bound.mean(0), model.log_prob(), atol=0.01)
    precision = np.eye(2) + model.w.T @ model.w / model.s**2
    posterior = tfd.MultivariateNormalFullCovariance(
        model.x @ tf.constant(model.w @ np.linalg.inv(precision) / model.s**2, tf.float32),
        np.linalg.inv(precision).astype(np.float32),
    )
    latents = posterior.sample(seed=tf.constant([1, 2]))
    weights = variational.log_weight(model.prior, posterior, model.likelihood(latents).log_prob(model.x), latents)
    np.testing.assert_allclose(weights, model.log_prob(), atol=1e-4)


def test_reparameterised_gradient_against_finite_differences():
    """d/d(mean, stddev) of E f(z) with a fixed seed: the derivative of the very samples."""
    seed = seeds.seed_rows(1, 5)

    def value(mean, stddev):
        return tf.reduce_mean(tf.sin(sample(diagonal_normal(mean, stddev), seed, 1000)))

    mean, stddev = tf.constant([[0.3, -0.5]]), tf.constant([[0.8, 0.6]])
    with tf.GradientTape() as tape:
        tape.watch([mean, stddev])
        gradients = tape.gradient(value(mean, stddev), [mean, stddev])
    for which in (0, 1):
        for i in (0, 1):
            step = np.zeros((1, 2), np.float32)
            step[0, i] = 1e-2
            up, down = ([p + sign * step * (which == j) for j, p in enumerate((mean, stddev))] for sign in (1, -1))
            finite = (value(*up) - value(*down)) / 2e-2
            np.testing.assert_allclose(gradients[which][0, i], finite, atol=1e-3)


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


def test_gaussian_mass_against_the_normal_integral():
    from scipy.stats import norm

    values = np.zeros((1, 17, 1, 2), np.float32)
    values[..., 0], values[..., 1] = 0.3, -1.0
    likelihood = Gaussian(values, 17)
    mean, stddev = float(likelihood.mean[0, 0, 0, 0]), float(likelihood.stddev[0, 0, 0, 0])
    edges = norm.cdf((np.arange(16) + 0.5 - mean) / stddev)
    mass = np.diff(np.concatenate([[0.0], edges, [1.0]]))
    image = np.arange(17, dtype=np.uint8).reshape(1, 17, 1, 1)
    np.testing.assert_allclose(likelihood.log_prob(image), [np.log(mass).sum()], rtol=1e-4)


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
    many = tf.tile(image, [1000, 1, 1, 1])
    elbo = tf.reduce_mean(tf.reshape(tf.function(model.elbo)(many, seeds.seed_rows(3000)), [1000, 3]), 0)
    bound = tf.function(model.importance_bound)(image, 20_000, seeds.seed_rows(3), at_once=1000)
    np.testing.assert_allclose(bound, exact, atol=0.03)
    np.testing.assert_array_less(elbo, np.array(exact) - 0.1)
    np.testing.assert_array_less(elbo, bound)


def test_importance_bound_does_not_depend_on_how_it_is_cut():
    model, image = wide_vae()
    bound = tf.function(model.importance_bound)
    one, other = (bound(image, 4000, seeds.seed_rows(3), at_once=at_once) for at_once in (40, 2000))
    np.testing.assert_allclose(one, other, atol=0.1)
    with pytest.raises(ValueError, match="k=7: must be a positive multiple of at_once=2"):
        model.importance_bound(image, 7, seeds.seed_rows(3), at_once=2)


def test_objective_of_beta_free_bits_and_warmup():
    terms = {"reconstruction": tf.constant([10.0, 20.0]), "kl": tf.constant([1.0, 5.0])}
    np.testing.assert_allclose(vae()._objective(terms), [11.0, 25.0])
    np.testing.assert_allclose(vae(beta=4.0)._objective(terms), [14.0, 40.0])
    np.testing.assert_allclose(vae(free_bits=3.0)._objective(terms), [13.0, 25.0])
    model = vae(beta=2.0, warmup_steps=10)
    for step, weight in ((0, 0.0), (5, 1.0), (10, 2.0), (100, 2.0)):
        model.step.assign(step)
        np.testing.assert_allclose(model._objective(terms), [10.0 + weight, 20.0 + 5 * weight])


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
        ({"beta": -1.0}, "beta=-1.0: must not be negative"),
        ({"architecture": "conv", "depth": 4}, "depth=4: a 4x4 image cannot be halved"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        vae(**arguments)
