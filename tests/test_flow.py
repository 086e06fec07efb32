"""Change of variables: inverses and determinants, densities that integrate to one, the bound on levels, and points."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats
from scipy.special import expit, logit

from tfgen import data, zoo
from tfgen.data import points
from tfgen.flow.masked_autoregressive_flow import MixtureStep
from tfgen.flow.real_nvp import Coupling, checkerboard, first_half
from tfgen.losses import variational
from tfgen.metrics import density, modes
from tfgen.ops import seeds
from tfgen.studies import density as study
from trainers import measures
from trainers.measures import Protocol


def noisy(model, scale=0.3):
    """The model, or layer, away from its start."""
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(scale * tf.random.stateless_normal(variable.shape, [1, i]))
    return model


def flow(dims, **arguments):
    """Of points; its unit is not 1, nor its origin 0."""
    keras.utils.set_random_seed(0)
    model = noisy(zoo.build("masked_autoregressive_flow", dims=dims, width=6, **arguments))
    model.mean.assign(np.linspace(1.0, -2.0, dims))
    model.stddev.assign(np.linspace(0.5, 3.0, dims))
    return model


def real_nvp(*shape, levels=3, scales=1, noise=0.3):
    keras.utils.set_random_seed(0)
    return noisy(zoo.build("real_nvp", image_shape=shape, levels=levels, width=4, depth=1, scales=scales), noise)


def jacobian(function, x):
    """(z, ln |det| as the function says it, dz/dx [N, D, D])."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        z, log_det = function(x)
    size = z.shape[-1]
    return z, log_det, tf.reshape(tape.batch_jacobian(z, x), [-1, size, size]).numpy()


# Points.


@pytest.mark.parametrize("dims", [1, 3])
def test_a_flow_of_points_is_what_its_jacobian_says_and_has_an_inverse(dims):
    model = flow(dims, steps=3, mixtures=3)
    x = 3.0 * tf.random.stateless_normal([6, dims], [3, 4])
    z, log_det, slopes = jacobian(model.to_latents, x)
    np.testing.assert_allclose(np.linalg.slogdet(slopes)[1], log_det, rtol=1e-4)
    np.testing.assert_allclose(model.from_latents(z), x, atol=1e-4)
    expected = stats.norm.logpdf(z).sum(-1) + np.linalg.slogdet(slopes)[1]
    np.testing.assert_allclose(model.log_prob(x), expected, rtol=1e-4)


def test_a_step_is_autoregressive_and_the_next_one_takes_the_other_order():
    step = noisy(MixtureStep(3, 2, 6, 2), 0.0)
    x = tf.random.stateless_normal([4, 3], [1, 2])
    step(x)
    _, _, slopes = jacobian(noisy(step), x)
    upper = np.triu(np.ones([3, 3], bool), 1)
    assert (slopes[:, upper] == 0).all() and (np.abs(slopes[:, ~upper]) > 1e-4).all()
    _, _, slopes = jacobian(flow(3, steps=2, mixtures=2).to_latents, x)
    assert (np.abs(slopes) > 1e-5).all()


def test_a_step_is_the_logit_of_a_mixture_of_logistics():
    """By scipy's distribution function, and its density for the slope."""
    model = flow(1, steps=1, mixtures=3)
    model.mean.assign([0.0])
    model.stddev.assign([1.0])
    raw = model.steps[0].network.values.numpy()
    weights = np.exp(raw[:3]) / np.exp(raw[:3]).sum()
    mixture = stats.logistic(raw[3:6] + [-2.0, 0.0, 2.0], np.log1p(np.exp(raw[6:])) + 1e-3)
    x = np.linspace(-4.0, 4.0, 9, dtype=np.float32)[:, None]
    z, log_det = model.to_latents(tf.constant(x))
    below = mixture.cdf(x) @ weights
    np.testing.assert_allclose(z[:, 0], logit(below), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(log_det, np.log(mixture.pdf(x) @ weights / below / (1 - below)), rtol=1e-4, atol=1e-5)


def test_with_one_component_that_depends_on_nothing_it_is_a_normal_of_scipy():
    model = flow(2, steps=1, mixtures=1)
    head = model.steps[0].network.head
    head.kernel.assign(tf.zeros_like(head.kernel))
    _, mean_0, scale_0, _, mean_1, scale_1 = head.bias.numpy()
    unit = np.log1p(np.exp([scale_0, scale_1])) + 1e-3
    normal = stats.norm([1.0 + 0.5 * mean_0, -2.0 + 3.0 * mean_1], unit * [0.5, 3.0])
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    np.testing.assert_allclose(model.log_prob(x), normal.logpdf(x).sum(-1), rtol=1e-4)
    uniform = seeds.uniform(seeds.seed_rows(5), (2,)).numpy()
    np.testing.assert_allclose(model.sample(seeds.seed_rows(5)), normal.ppf(uniform[:, ::-1]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dims", [1, 2])
def test_a_density_integrates_to_one_and_samples_have_its_moments(dims):
    model = flow(dims, steps=2, mixtures=4)
    side, half = (4001, 20.0) if dims == 1 else (501, 20.0)
    line = np.linspace(-half, half, side, dtype=np.float32)
    grid = np.stack(np.meshgrid(*[line] * dims), axis=-1).reshape(-1, dims)
    mass = np.exp(tf.function(model.log_prob)(grid).numpy().astype(np.float64)) * (line[1] - line[0]) ** dims
    np.testing.assert_allclose(mass.sum(), 1.0, rtol=2e-3)
    samples = tf.function(model.sample)(seeds.seed_rows(4000)).numpy()
    mean, square = mass @ grid, mass @ grid**2
    np.testing.assert_allclose(samples.mean(0), mean, atol=4 * samples.std(0).max() / 4000**0.5)
    np.testing.assert_allclose((samples**2).mean(0), square, atol=4 * (samples**2).std(0).max() / 4000**0.5)


def test_a_sample_is_the_point_of_a_normal_z():
    model = flow(2)
    z, _ = model.to_latents(tf.function(model.sample)(seeds.seed_rows(50)))
    np.testing.assert_allclose(z, seeds.normal(seeds.seed_rows(50), (2,)), atol=1e-3)


def test_far_away_a_density_is_finite_and_so_is_its_gradient():
    model = flow(2)
    x = tf.constant([[1e4, -1e4], [0.0, 1e4], [-1e4, 0.0]])
    with tf.GradientTape() as tape:
        log_prob = model.log_prob(x)
    assert np.isfinite(log_prob).all() and (log_prob.numpy() < -100).all()
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(log_prob, model.trainable_variables))


def test_values_are_normalised_by_the_first_batch():
    model = flow(2)
    model.initialize({"point": tf.constant([[1.0, 7.0], [3.0, 7.0], [5.0, 7.0]])})
    np.testing.assert_allclose(model.mean, [3.0, 7.0])
    np.testing.assert_allclose(model.stddev, [(8 / 3) ** 0.5, 1.0], rtol=1e-6)  # a constant keeps its own unit


# Images.


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("mask", [checkerboard, first_half])
def test_a_coupling_changes_what_its_mask_leaves_out_and_says_its_determinant(mask, flipped):
    x = tf.random.stateless_normal([2, 4, 3, 4], [1, 2])
    coupling = Coupling(mask, flipped, 4, 1)
    np.testing.assert_array_equal(coupling(x)[0], x)  # at first
    noisy(coupling)

    def flat(x):
        y, log_det = coupling(x)
        return tf.reshape(y, [2, -1]), log_det

    y, log_det, slopes = jacobian(flat, x)
    np.testing.assert_allclose(np.linalg.slogdet(slopes)[1], log_det, rtol=1e-4, atol=1e-5)
    kept = np.broadcast_to(mask(4, 3, 4) == (0.0 if flipped else 1.0), (4, 3, 4)).ravel()
    np.testing.assert_array_equal((y == tf.reshape(x, [2, -1])).numpy().all(0), kept)
    np.testing.assert_allclose(coupling.inverse(tf.reshape(y, x.shape)), x, atol=1e-5)


def test_masks_are_halves():
    np.testing.assert_array_equal(checkerboard(2, 3, 5)[..., 0], [[1, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(first_half(2, 3, 4), [[[1, 1, 0, 0]]])


def test_a_flow_of_images_is_what_its_jacobian_says_and_has_an_inverse():
    """Of two scales, each with the couplings of section 3.6, every other one of which has its mask flipped."""
    model = real_nvp(2, 2, 2, levels=5, scales=2)
    value = 5.0 * tf.random.stateless_uniform([3, 2, 2, 2], [1, 2])
    z, log_det, slopes = jacobian(model.to_latents, value)
    np.testing.assert_allclose(np.linalg.slogdet(slopes)[1], log_det, rtol=1e-4)
    np.testing.assert_allclose(model.from_latents(z), value, atol=1e-4)
    first, last = model.flow.scales
    assert [len(part) for part in (first.pixels, first.channels, last.pixels, last.channels)] == [3, 3, 4, 0]
    for couplings in (first.pixels, first.channels, last.pixels):
        assert [coupling.flipped for coupling in couplings] == [i % 2 == 1 for i in range(len(couplings))]


def test_half_of_the_channels_is_done_with_after_a_scale():
    model = real_nvp(4, 4, 1, levels=5, scales=2)
    value = 5.0 * tf.random.stateless_uniform([2, 4, 4, 1], [1, 2])
    before = model.to_latents(value)[0].numpy()
    noisy(model.flow.scales[1])
    after = model.to_latents(value)[0].numpy()
    np.testing.assert_array_equal(before[:, :8], after[:, :8])
    assert (before[:, 8:] != after[:, 8:]).all()


def test_the_bound_of_an_untrained_flow_is_that_of_the_logit_alone():
    """Of 256 levels: the very constants, in numpy, at the u that the seed draws."""
    model = real_nvp(2, 2, 3, levels=256, noise=0.0)
    image, seed = np.random.default_rng(0).integers(0, 256, [4, 2, 2, 3], np.uint8), seeds.seed_rows(4)
    share = 0.05 + 0.9 * (image + seeds.uniform(seed, (2, 2, 3)).numpy().astype(np.float64)) / 256
    expected = stats.norm.logpdf(logit(share)) + np.log(0.9 / 256 / share / (1 - share))
    np.testing.assert_allclose(model.elbo(image, seed), expected.sum((1, 2, 3)), rtol=1e-4)
    terms = model.players()[0].terms({"image": tf.constant(image)}, seed, False)
    np.testing.assert_allclose(terms["bits_per_dim"], -expected.sum((1, 2, 3)) / (12 * np.log(2)), rtol=1e-4)


def test_bounds_on_levels_against_integrals_of_the_density():
    """Two pixels of three levels: P(x) is the integral of the density over its cell; all cells have a little less than
    1, since the density goes on a little beyond the levels, where the whole of it is 1."""
    model, cells = real_nvp(1, 2, 1), 40
    end = 3 * 0.05 / 0.9  # where the logit is infinite
    every = tf.constant(list(itertools.product(range(3), repeat=2)), tf.uint8)[:, None, :, None]

    def mass(edges):
        """Integral over squares of midpoints, [n, n]."""
        middle, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
        value = np.stack(np.meshgrid(middle, middle, indexing="ij"), axis=-1).reshape(-1, 1, 2, 1).astype(np.float32)
        z, log_det = model.to_latents(tf.constant(value))
        density = np.exp(model.prior().log_prob(z) + log_det).reshape(len(middle), -1)
        return density * np.outer(widths, widths)

    inside = mass(np.linspace(0.0, 3.0, 3 * cells + 1))
    exact = np.log(inside.reshape(3, cells, 3, cells).sum((1, 3)).ravel())
    # Beyond the levels the density falls to zero within a logit that goes on for ever.
    everywhere = mass(3 / 0.9 * (expit(np.linspace(-9.0, 9.0, 601)) - 0.05))
    np.testing.assert_allclose(everywhere.sum(), 1.0, atol=3e-3)
    assert 0.3 < np.exp(exact).sum() < 1.0 and end < 0.2
    k, seed = 600, seeds.seed_rows(9)
    bound = model.importance_bound(every, k, seed, at_once=200).numpy()
    np.testing.assert_allclose(bound, exact, atol=0.15)
    assert np.exp(bound).sum() < 1.0
    elbo = tf.reshape(model.elbo(tf.repeat(every, 300, 0), seeds.seed_rows(2700)), [9, 300]).numpy()
    assert (elbo.mean(1) < exact + 0.01).all() and (elbo.mean(1) < exact - 0.01).any()


def test_with_its_posterior_and_likelihood_the_evidence_bound_is_the_same():
    """The one bound of all latent-variable models, by way of `decode`: what was drawn is certain to be the image."""
    model = real_nvp(4, 4, 3, levels=256, scales=2)
    image, seed = tf.random.stateless_uniform([5, 4, 4, 3], [1, 2], 0, 256, tf.int32), seeds.seed_rows(5)
    image = tf.cast(image, tf.uint8)
    bound = variational.elbo(model.prior(), model.encode(image), model.decode, image, seed)
    np.testing.assert_array_equal(bound.reconstruction, np.zeros(5))
    np.testing.assert_allclose(bound.value, model.elbo(image, seed), rtol=1e-5)
    latents = model.encode(image).draw(seed).value
    np.testing.assert_array_equal(model.decode(latents).show(), image)
    assert (model.decode(latents).log_prob(image[::-1]).numpy()[[0, 1, 3, 4]] == -np.inf).all()


def test_a_sample_is_the_image_of_a_normal_z():
    model = real_nvp(4, 4, 1, levels=5, scales=2)
    z = seeds.normal(seeds.seed_rows(8), (16,))
    value = model.from_latents(z).numpy()
    assert ((value < 0) | (value > 5)).any()
    np.testing.assert_array_equal(model.sample(seeds.seed_rows(8)), np.clip(np.floor(value), 0, 4))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"image_shape": (6, 8, 1), "scales": 3}, "scales=3: .* must be multiples of 4; lower scales, or resize"),
        ({"image_shape": (8, 8, 1), "depth": 0}, "depth=0: must be at least 1"),
    ],
)
def test_shapes_that_cannot_be_halved_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.create("real_nvp", **arguments)


# Data.


@pytest.mark.parametrize("name", points.DENSITIES)
def test_the_density_of_a_set_of_points_is_that_of_its_points(name):
    """It integrates to one; and the -ln p of what was drawn has the entropy for its mean."""
    truth, drawn = points.DENSITIES[name], points.generated(name)
    dims = drawn.shape[1]
    assert drawn.dtype == np.float32 and len(drawn) == points.COUNT
    line = np.linspace(-6.0, 6.0, 4001) if dims == 1 else np.linspace(-3.5, 3.5, 201)
    grid = np.stack(np.meshgrid(*[line] * dims), axis=-1).reshape(-1, dims)
    log_prob = truth.log_prob(grid)
    mass = np.exp(log_prob) * (line[1] - line[0]) ** dims
    np.testing.assert_allclose(mass.sum(), 1.0, rtol=1e-3)
    nats = -truth.log_prob(drawn)
    np.testing.assert_allclose(nats.mean(), -(mass @ log_prob), atol=4 * nats.std() / len(nats) ** 0.5)


def test_a_mixture_of_one_dimension_is_that_of_scipy():
    truth, x = points.DENSITIES["mixture"], np.linspace(-5.0, 3.0, 7)
    expected = 0.3 * stats.norm.pdf(x, -3, 0.5) + 0.5 * stats.norm.pdf(x) + 0.2 * stats.norm.pdf(x, 1.5, 0.15)
    np.testing.assert_allclose(np.exp(truth.log_prob(x[:, None])), expected)
    assert integrate.quad(lambda x: np.exp(truth.log_prob(np.array([[x]])))[0], -8, 6, points=[1.5])[0] > 0.999


def test_sets_of_points_are_loaded_by_name_and_the_same_each_time():
    for name, dims in {"ring": 2, "pinwheel": 2, "mixture": 1}.items():
        loaded = data.load(name)
        assert loaded.arguments == {"dims": dims} and loaded.element_spec["point"].shape == (None, dims)
        assert {split: part.size for split, part in loaded.splits.items()} == {
            "train": 8000,
            "validation": 1000,
            "test": 1000,
        }
        np.testing.assert_array_equal(points.generated(name), points.generated(name))
    radius = np.linalg.norm(points.generated("pinwheel"), axis=1)  # 2 (1 + .3 noise)
    np.testing.assert_allclose([radius.mean(), radius.std()], [2.0, 0.6], atol=0.03)
    with pytest.raises(ValueError, match="transforms='flip': there are none for ring"):
        data.load("ring", transform="flip")


def test_points_of_a_file(tmp_path):
    values = np.random.default_rng(0).normal(size=(60, 3))
    np.savez(tmp_path / "p.npz", point=values)
    loaded = data.load(f"points:{tmp_path}/p.npz")
    batches = [batch["point"].numpy() for split in loaded.splits for batch in loaded.batches(split, 60)]
    np.testing.assert_array_equal(np.sort(np.concatenate(batches), 0), np.sort(values.astype(np.float32), 0))
    assert loaded.arguments == {"dims": 3} and "60 points, about 80% train" in loaded.protocol
    for bad, message in (
        ({"point": values[0]}, r"needs an array 'point' of shape \[N, D\]"),
        ({"series": values}, r"needs an array 'point' of shape \[N, D\]"),
        ({"point": np.where(values > 2, np.nan, values)}, "'point' has NaN or Inf in it"),
    ):
        np.savez(tmp_path / "p.npz", **bad)
        with pytest.raises(ValueError, match=message):
            data.load(f"points:{tmp_path}/p.npz")


# Measures and pictures.


def test_modes_are_covered_by_points_within_three_deviations():
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    given = np.array([[0.0, 0.29], [0.1, 0.0], [10.2, 0.2], [0.0, 9.0]])
    assert modes.covered(given, centres, 0.1) == (2, 0.75)


def test_baselines_against_their_formulas(monkeypatch):
    monkeypatch.setattr(density, "COMPONENTS", (1, 8))
    monkeypatch.setattr(density, "BANDWIDTHS", (0.07, 3.0))
    random = np.random.default_rng(0)
    train, validation, test = (points.DENSITIES["ring"].draw(random, count) for count in (400, 100, 200))
    found = density.baselines(train, validation, test)
    normal = stats.multivariate_normal(train.mean(0), np.cov(train.T, bias=True))
    np.testing.assert_allclose(found["normal"]["nats"], -normal.logpdf(test).mean(), rtol=1e-4)
    assert found["normal_mixture"]["components"] == 8
    np.testing.assert_allclose(
        found["normal_mixture"]["nats"], -points.DENSITIES["ring"].log_prob(test).mean(), atol=0.15
    )
    bandwidth = found["kernel"]["bandwidth"]
    np.testing.assert_allclose(bandwidth, 0.07 * train.std(0).mean())
    kernel = points.alike(train, bandwidth)
    np.testing.assert_allclose(found["kernel"]["nats"], -kernel.log_prob(test).mean(), rtol=1e-4)


@pytest.mark.slow
def test_a_flow_is_measured_beside_baselines_the_truth_and_the_modes(monkeypatch):
    monkeypatch.setattr(density, "COMPONENTS", (8,))
    monkeypatch.setattr(density, "BANDWIDTHS", (0.04,))
    model, ring = flow(2), data.load("ring")
    measured = measures.measure(model, ring, Protocol(examples=50, samples=40, batch_size=30))
    batch = next(iter(ring.batches("test", 50)))["point"].numpy()
    np.testing.assert_allclose(measured["nats"], -model.log_prob(batch).numpy().mean(), rtol=1e-4)
    truth = points.DENSITIES["ring"]
    np.testing.assert_allclose(measured["true_density_nats"], -truth.log_prob(batch).mean(), rtol=1e-3)
    assert set(measured["baselines"]) == {"normal", "normal_mixture", "kernel"} and "bits_per_dim" not in measured
    near = modes.covered(model.sample(seeds.seed_rows(40)).numpy(), truth.centres, 0.1)
    assert (measured["modes"], measured["modes_covered"], measured["samples_near_a_mode"]) == (8, *near)
    assert measures.modes_covered(model, data.load("moons"), Protocol()) == {}


@pytest.mark.slow
def test_the_map_of_a_density_has_its_values_where_they_belong():
    model, given = flow(2), points.generated("ring")[:60]
    made, true = study.figure(model, "ring", given, 0).axes[:2]
    left, right, bottom, top = made.images[0].get_extent()
    x, y = left + (right - left) * 20 / 199, top - (top - bottom) * 70 / 199
    at = np.array([[x, y]])
    np.testing.assert_allclose(made.images[0].get_array()[70, 20], np.exp(model.log_prob(np.float32(at)))[0], rtol=1e-3)
    np.testing.assert_allclose(
        true.images[0].get_array()[70, 20], np.exp(points.DENSITIES["ring"].log_prob(at))[0], rtol=1e-3
    )
    np.testing.assert_array_equal(np.stack(true.lines[0].get_data(), axis=-1), given)
    (curves,) = study.figure(flow(1), "mixture", points.generated("mixture")[:60], 0).axes
    x, true_density = curves.lines[0].get_data()
    np.testing.assert_allclose(true_density, np.exp(points.DENSITIES["mixture"].log_prob(np.ravel(x)[:, None])))
    assert not study.figure(flow(3), "points:p.npz", np.eye(3), 0).axes[0].images  # no map of a plane
