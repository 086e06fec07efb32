"""Studies: what each of them reports, against a closed form or plain numpy, and the command that makes them."""

import dataclasses
import itertools
import json
import pathlib
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import ndimage, special, stats

from tests.test_trainers import entry, tiny
from tests.test_zoo import fresh
from tests.zoo import ROWS
from tfgen import data as datasets
from tfgen import zoo
from tfgen.core import checkpoints
from tfgen.data import registry, series
from tfgen.distributions.latents import DiagonalGaussian, Flow
from tfgen.metrics import evidence
from tfgen.metrics.sharpness import laplacian_variance
from tfgen.ops import seeds
from tfgen.studies import (
    anomaly,
    bound,
    clusters,
    codes,
    figures,
    first_pixel,
    interpolation,
    manifold,
    planning,
    table,
)
from tfgen.studies.needs import offered
from tfgen.studies.settings import Settings
from trainers import callbacks, runner, variants
from trainers import config as configs


def no_training(**changes):
    raise AssertionError(f"trained with {changes}")


SETTINGS = Settings(no_training, examples=20)


@pytest.fixture(autouse=True)
def coarse(monkeypatch):
    """Pictures of few dots: what takes a second is to draw many."""
    monkeypatch.setitem(figures._STYLE, "savefig.dpi", 40)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A work directory: a VAE of two latents on digits, as if after no step, and its weights away from symmetry."""
    config, data = tiny(tmp_path_factory.mktemp("studies"), average=0.0), datasets.load("digits")
    keras.utils.set_random_seed(0)
    model = zoo.build("vae", **runner.model_arguments(config, data))
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.1 * tf.random.stateless_normal(variable.shape, [0, i]))
    workdir = pathlib.Path(config.workdir)
    checkpoints.save(workdir / "checkpoints", checkpoints.trackable(model), 0, keep=1)
    configs.write(workdir / "config.json", config, runner.model_arguments(config, data), data.record, [])
    return config


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def vae(run):
    return zoo.restore(run.workdir)


def made(name, model, data, folder, settings=SETTINGS, **options):
    """The numbers of a study, after a look at what it left."""
    settings = dataclasses.replace(settings, **options)
    there = offered(model, data) | ({"--other=DATASET"} if settings.other else set())
    there |= {"kept checkpoints (--keep)"} if "history" in options else set()
    line = table.conduct(name, there, model, data, settings, folder)
    assert {path.name for path in folder.iterdir()} == {f"{name}.png", f"{name}.json"}
    assert json.loads((folder / f"{name}.json").read_text()) == line
    assert np.asarray(Image.open(folder / f"{name}.png").convert("L")).std() > 10
    return line


def test_the_table_and_the_listing_say_what_fits_and_what_is_lacking(vae, digits):
    there = offered(vae, digits)
    assert {"latent_dim", "latent_dim=2", "prior N(0, I)"} <= there
    lines = {line.split()[0]: line for line in table.listing(there - {"reconstruct"}).splitlines()}
    assert list(lines) == list(table.STUDIES)
    assert lines["reconstruction"].endswith("(lacks reconstruct)")
    with pytest.raises(ValueError, match="did you mean 'reconstruction'.*; there are reconstruction"):
        table.find("reconstructions")
    with pytest.raises(ValueError, match="study='reconstruction': lacks reconstruct with VAE on digits"):
        table.conduct("reconstruction", there - {"reconstruct"}, vae, digits, SETTINGS, None)


def test_reconstruction_errors_are_those_of_the_levels(vae, digits, tmp_path):
    line = made("reconstruction", vae, digits, tmp_path)
    batch = next(iter(digits.batches("test", 20)))
    image, seed = batch["image"], seeds.seed_rows(20)
    made_, given = vae.reconstruct(image, seed).numpy() / 16.0, image.numpy() / 16.0
    np.testing.assert_allclose(line["squared_error_per_pixel"], np.mean((made_ - given) ** 2), atol=1e-6)
    np.testing.assert_allclose(line["negative_elbo_nats"], -vae.elbo(image, seed).numpy().mean(), atol=1e-3)
    assert line["examples"] == 20 and line["dataset"] == "digits" and line["steps"] == 0


def numbers_of(row):
    """A tiny model, and examples of noise for it."""
    name, arguments = ROWS[row]
    keras.utils.set_random_seed(0)
    model = zoo.build(name, **arguments)
    rng = np.random.default_rng(0)
    image = rng.integers(0, model.levels, [6, *model.shape]).astype(np.uint8)
    split = registry._in_memory(image=image, label=np.arange(6, dtype=np.int32) % max(1, model.num_classes))
    names = tuple("abcdefghijk"[: model.num_classes])
    splits = dict.fromkeys(("train", "validation", "test"), split)
    return model, registry._images("noise", model.shape, model.levels, names, splits, "noise", {})


@pytest.mark.parametrize("row", ["ladder_vae", "pixel_vae", "vae_logistic_conditional"])
def test_layers_of_z_conditions_and_likelihoods_without_a_mean_have_their_studies_too(row, tmp_path):
    model, data = numbers_of(row)
    there = offered(model, data)
    fitting = [name for name, study in table.STUDIES.items() if not study.lacking(there)]
    assert {"reconstruction", "interpolation"} <= set(fitting)
    for name in fitting:
        # Those take minutes with these models' loops, or train models of their own.
        if name not in ("bound", "code_size", "transfer"):
            made(name, model, data, tmp_path / name)


def test_the_manifold_is_at_the_percentiles_of_the_prior_with_its_axes_upright(vae, digits, tmp_path):
    z = manifold.grid(20).reshape([20, 20, 2])
    steps = (np.arange(20) + 0.5) / 20
    np.testing.assert_allclose(special.ndtr(z[7, :, 0]), steps, atol=1e-6)  # to the right
    np.testing.assert_allclose(special.ndtr(z[:, 7, 1]), steps[::-1], atol=1e-6)  # upwards
    line = made("manifold", vae, digits, tmp_path)
    posterior = vae.encode(next(iter(digits.batches("test", 20)))["image"])
    mean, stddev = posterior.mean().numpy(), posterior.stddev().numpy()
    np.testing.assert_allclose(line["mean_of_codes"], mean.mean(axis=0), atol=1e-4)
    draws = mean + stddev * np.random.default_rng(0).normal(size=[4000, 20, 2])
    np.testing.assert_allclose(line["stddev_of_codes"], draws.std(axis=(0, 1)), rtol=0.02)


def test_a_sheet_and_strips_have_every_picture_at_its_place():
    pictures = np.random.default_rng(0).random([6, 3, 4, 1])
    sheet = figures.sheet(pictures, 2)
    for i, picture in enumerate(pictures):
        row, column = divmod(i, 2)
        np.testing.assert_array_equal(sheet[3 * row : 3 * row + 3, 4 * column : 4 * column + 4], picture)
    axes = figures.figure(2, 2, "").subplots()
    middles = figures.strips(axes, pictures.reshape([3, 2, 3, 4, 1]), "abc", "xy")
    canvas = axes.images[0].get_array()
    np.testing.assert_array_equal(middles, [1, 5, 9])
    np.testing.assert_array_equal(axes.get_xticks(), [1.5, 6.5])
    np.testing.assert_array_equal(canvas[4:7, 5:9], pictures[3, :, :, 0])


def test_a_traversal_ranks_by_activity_and_moves_one_latent(vae, digits, tmp_path, monkeypatch):
    decoded, seen = codes.decoded, []
    monkeypatch.setattr(codes, "decoded", lambda model, z, *rest: seen.append(z.numpy()) or decoded(model, z, *rest))
    line = made("traversal", vae, digits, tmp_path)
    image = next(iter(digits.batches("test", 20)))["image"]
    posterior = vae.encode(image)
    mean = posterior.mean().numpy()
    activity = ((mean - mean.mean(axis=0)) ** 2).sum(axis=0) / 20
    order = sorted(range(2), key=lambda d: -activity[d])
    assert line["dimensions"] == order and line["active_dimensions"] == (activity > 0.01).sum()
    np.testing.assert_allclose(line["activity"], activity[order], atol=1e-5)
    (kl,) = posterior.kl(vae.prior(), None)
    np.testing.assert_allclose(sum(line["kl_nats"]), kl.numpy().mean(), atol=1e-3)
    z = seen[0].reshape([2, 11, 2])
    for row, d in enumerate(order):
        np.testing.assert_array_equal(z[row, :, 1 - d], mean[0, 1 - d])
        spread = np.sqrt(activity[d] + np.mean(posterior.stddev().numpy()[:, d] ** 2))
        np.testing.assert_allclose(z[row, [0, 5, 10], d], mean[:, d].mean() + spread * np.array([-3, 0, 3]), rtol=1e-5)


def test_moments_without_a_closed_form_are_those_of_draws(vae, digits, monkeypatch):
    image = next(iter(digits.batches("test", 20)))["image"]
    base = DiagonalGaussian(tf.zeros([20, 2]), 0.1 * tf.ones([20, 2]))
    shift = tf.random.stateless_normal([20, 2], [0, 0])
    monkeypatch.setattr(vae, "encode", lambda image: Flow(base, [lambda z: (2.0 * z + shift, tf.zeros([20]))]))
    mean, stddev, exact = codes.moments(vae, {"image": image}, 0)
    assert not exact
    np.testing.assert_allclose(mean, shift, atol=4 * 0.2 / np.sqrt(codes.DRAWS))
    np.testing.assert_allclose(stddev.mean(), 0.2, rtol=0.1)


def test_the_arc_turns_at_a_constant_rate_and_the_line_does_not_turn(vae, digits, tmp_path):
    weight = np.linspace(0, 1, 5)
    angle = np.array([0.3, 2.0])[:, None]
    first, last = np.array([[1.0, 0.0]] * 2), np.concatenate([np.cos(angle), np.sin(angle)], axis=-1)
    arc = interpolation.spherical(first, last, weight)
    np.testing.assert_allclose(arc, np.stack([np.cos(angle * weight), np.sin(angle * weight)], axis=-1), atol=1e-9)
    np.testing.assert_allclose(interpolation.spherical(first, first, weight)[:, 2], first)
    np.testing.assert_allclose(interpolation.linear(first, last, weight)[1, 1], 0.75 * first[1] + 0.25 * last[1])
    line = made("interpolation", vae, digits, tmp_path)
    mean = vae.encode(next(iter(digits.batches("test", 20)))["image"]).mean().numpy().astype(float)
    halfway = np.linalg.norm((mean[0::2] + mean[1::2]) / 2, axis=-1).mean()
    np.testing.assert_allclose(line["norm_halfway"]["line"], halfway, atol=1e-4)
    assert line["pairs"] == 10 and list(line["negative_elbo_nats"]) == ["pixels", "line", "arc"]
    image, seed = next(iter(digits.batches("test", 20)))["image"], seeds.seed_rows(90)
    nats = -vae.elbo(image[1::2], tf.gather(seed, range(8, 90, 9))).numpy().mean()
    np.testing.assert_allclose(line["negative_elbo_nats"]["pixels"][-1], nats, atol=1e-2)


def linear_gaussian(count):
    """z ~ N(0, I), x ~ N(W z, s^2 I): functions of z for `count` x and repetitions of them, and ln p of each x."""
    rng = np.random.default_rng(1)
    matrix, stddev = rng.normal(size=[2, 4]), 0.4
    x = rng.normal(size=[count, 2]) @ matrix + stddev * rng.normal(size=[count, 4])
    exact = stats.multivariate_normal(np.zeros(4), matrix.T @ matrix + stddev**2 * np.eye(4)).logpdf(x)

    def log_prior(z):
        return -0.5 * tf.reduce_sum(z**2, axis=-1) - np.log(2 * np.pi)

    def log_likelihood(z, x=x):
        x = tf.tile(tf.constant(x, tf.float32), [z.shape[0] // len(x), 1])
        off = tf.reduce_sum((x - z @ tf.constant(matrix, tf.float32)) ** 2, axis=-1) / stddev**2
        return -0.5 * off - 2.0 * np.log(2 * np.pi) - 4 * np.log(stddev)

    return log_prior, log_likelihood, x, exact


def test_quadrature_is_exact_where_ln_p_is_known():
    log_prior, log_likelihood, x, exact = linear_gaussian(3)
    for i in range(3):
        value, off = evidence.quadrature(lambda z, i=i: log_prior(z) + log_likelihood(tf.constant(z), x[i : i + 1]))
        np.testing.assert_allclose(value, exact[i], atol=1e-3)
        assert off < 1e-3


def test_annealed_weights_are_unbiased_and_better_than_those_of_the_prior():
    log_prior, log_likelihood, _, exact = linear_gaussian(2)
    chains = 300

    @tf.function(autograph=False)
    def run(z, seed, steps):
        betas = evidence.temperatures(40)
        return evidence.annealed_importance(log_prior, log_likelihood, z, betas, seed, 2, steps, 5)

    z = tf.random.stateless_normal([3, 2 * chains, 2], [0, 0])
    _, steps, accepted = run(z[0], tf.constant(1), tf.zeros([40, 2]))
    assert steps.shape == (40, 2) and 0.6 < accepted.numpy().mean() < 1.0
    log_weights, same, _ = run(z[1], tf.constant(2), steps)
    np.testing.assert_array_equal(same, steps)
    weights = np.exp(log_weights.numpy().reshape([chains, 2]) - exact)
    error = weights.std(axis=0) / np.sqrt(chains)
    assert (np.abs(weights.mean(axis=0) - 1) < 4 * error).all() and (error < 0.06).all(), (weights.mean(axis=0), error)
    of_prior = log_likelihood(z[2]).numpy().reshape([chains, 2])
    annealed = log_weights.numpy().reshape([chains, 2])
    assert (evidence.effective_samples(annealed) > 2 * evidence.effective_samples(of_prior)).all()


def test_bounds_in_k_are_means_over_groups_with_their_errors():
    log_weights = np.random.default_rng(0).normal(size=[12, 3]) - 800.0
    bound, error = evidence.bounds_in_k(log_weights, 5)
    parts = [np.log(np.mean(np.exp(log_weights[i : i + 5] + 800.0), axis=0)) - 800.0 for i in (0, 5)]
    np.testing.assert_allclose(bound, np.mean(parts, axis=0), rtol=1e-12)
    np.testing.assert_allclose(error, np.abs(parts[0] - parts[1]) / 2, rtol=1e-6)
    bound, error = evidence.bounds_in_k(log_weights, 12)
    weights = np.exp(log_weights + 800.0)
    np.testing.assert_allclose(bound, np.log(weights.mean(axis=0)) - 800.0, rtol=1e-12)
    np.testing.assert_allclose(error, stats.sem(weights) / weights.mean(axis=0), rtol=1e-6)
    few = np.log([[1.0, 1.0], [1.0, 1e-9], [1.0, 1e-9]])
    np.testing.assert_allclose(evidence.effective_samples(few - 900.0), [3.0, 1.0], rtol=1e-6)


def test_the_bound_comes_to_what_quadrature_finds(vae, digits, tmp_path, monkeypatch):
    for name, value in {"SAMPLES": 500, "CHAINS": 8, "TEMPERATURES": 12, "LEAPFROGS": 4, "POINTS": 2304}.items():
        monkeypatch.setattr(bound, name, value)
    monkeypatch.setattr(evidence, "COARSE", 0.25)
    line = made("bound", vae, digits, tmp_path, examples=2)
    images = {name: np.array(values) for name, values in line["images"].items()}
    image = next(iter(digits.batches("test", 2)))["image"]
    sides = np.linspace(-5, 5, 61, dtype=np.float32)
    z = np.stack(np.meshgrid(sides, sides), axis=-1).reshape([-1, 2])
    likelihood = vae.decode(tf.constant(z))
    prior = stats.norm.logpdf(z).sum(axis=-1)
    for i in range(2):
        joint = likelihood.log_prob(tf.repeat(image[i : i + 1], len(z), axis=0)).numpy() + prior
        exact = special.logsumexp(joint) + 2 * np.log(sides[1] - sides[0])
        np.testing.assert_allclose(images["quadrature"][i], exact, atol=0.01)
    for name in ("annealed", "importance_bound"):
        off = images[name] - images["quadrature"]
        assert (np.abs(off) < 5 * images[f"{name}_standard_error"] + 0.01).all(), (name, off)
    np.testing.assert_allclose(images["gap"], images["quadrature"] - images["elbo"], atol=1e-3)
    elbo = [vae.elbo(image, seeds.seed_rows(2, i)).numpy() for i in range(40)]
    assert (
        np.abs(np.mean(elbo, axis=0) - images["elbo"]) < 5 * stats.sem(elbo) + 5 * images["elbo_standard_error"]
    ).all()
    assert line["k"][-1] == 500 and np.diff(line["importance_bound_in_k"]).min() > -0.5


def test_sharpness_is_the_variance_of_the_laplacian(vae, digits, tmp_path):
    line = made("sharpness", vae, digits, tmp_path)
    image = next(iter(digits.batches("test", 20)))["image"].numpy() / 16.0
    variances = [ndimage.laplace(one[..., 0])[1:-1, 1:-1].var() for one in image]
    np.testing.assert_allclose(line["laplacian_variance"]["test examples"]["mean"], np.mean(variances), rtol=1e-4)
    np.testing.assert_allclose(line["laplacian_variance"]["test examples"]["median"], np.median(variances), rtol=1e-4)
    sharpness = line["sharpness_of_examples_is_1"]
    assert set(sharpness) == {"test examples", "samples", "samples, mean of p(x | z)", "reconstructions"}
    made_ = vae.decode(vae.encode(tf.constant(image * 16)).mean()).mean.numpy() / 16.0
    share = np.mean([ndimage.laplace(one[..., 0])[1:-1, 1:-1].var() for one in made_]) / np.mean(variances)
    np.testing.assert_allclose(sharpness["reconstructions"], share, atol=1e-3)
    color = np.random.default_rng(0).random([1, 5, 5, 3])
    expected = ndimage.laplace(color[0].mean(axis=-1))[1:-1, 1:-1].var()
    np.testing.assert_allclose(laplacian_variance(color), [expected])


@pytest.mark.parametrize("level, area", [(0, 0.0), (255, 1.0)])
def test_an_anomaly_is_what_is_less_likely_and_a_likelier_one_is_said(level, area, vae, digits, tmp_path, monkeypatch):
    for split in ("train", "validation", "test"):
        (tmp_path / split).mkdir()
        for i in range(3):
            Image.fromarray(np.full([12, 16, 3], level, np.uint8)).save(tmp_path / split / f"{i}.png")
    seen = []

    def elbo(image, seed):
        """The darker the likelier."""
        tf.py_function(lambda seed: seen.append(seed.numpy()), [seed], [])
        return -tf.reduce_mean(tf.cast(image, tf.float32), axis=[1, 2, 3])

    monkeypatch.setattr(vae, "elbo", elbo)
    monkeypatch.setattr(anomaly, "BATCH", 8)
    other = f"folder:{tmp_path}"
    line = made("anomaly", vae, digits, tmp_path / "made", other=other)
    image = next(iter(digits.batches("test", 20)))["image"].numpy()
    assert line["area_under_the_curve"] == area and line["examples"] == [20, 3]
    np.testing.assert_allclose(list(line["nats"].values()), [-image.mean(), -level * 16 / 255], atol=1e-4)
    assert ("LIKELIER" in line.get("warning", "")) == (area < 0.5)
    np.testing.assert_array_equal(np.concatenate(seen[:3]), seeds.seed_rows(20))


def test_the_other_set_is_made_as_the_images_of_the_model(digits):
    binary = zoo.create(*ROWS["vae_total_correlation_vamp"][:1], **ROWS["vae_total_correlation_vamp"][1])
    settings = dataclasses.replace(SETTINGS, other="digits")
    image = next(iter(anomaly.matched(binary, settings).batches("test", 5)))["image"].numpy()
    assert image.shape == (5, 5, 6, 1) and set(np.unique(image)) == {0, 1}
    np.testing.assert_array_equal(anomaly.rescaled(np.uint8([0, 7, 8, 255]), 256, 17), [0, 0, 1, 16])
    with pytest.raises(ValueError, match="other='digits': is what the model was trained on"):
        anomaly.study(binary, digits, settings)
    with pytest.raises(ValueError, match="other='pendulum': .*there are none for pendulum"):
        anomaly.matched(binary, dataclasses.replace(settings, other="pendulum"))


def test_variants_are_trained_once_by_the_configuration_of_the_run(run, tmp_path, monkeypatch):
    changes = {"latent_dim": 3, "train_examples": 40, "steps": 4, "steps_per_execution": 1}
    seen = []
    monkeypatch.setattr(callbacks.Pictures, "on_epoch_end", lambda *_: None)
    monkeypatch.setattr(runner.datasets.Examples, "training_batches", seeing(seen))
    model = variants.train(pathlib.Path(run.workdir), tmp_path, None, **changes)
    assert model.latent_dim == 3 and int(model.step.numpy()) == 4
    (folder,) = tmp_path.iterdir()
    assert folder.name == "latent_dim=3,steps=4,steps_per_execution=1,train_examples=40"
    config = json.loads((folder / "config.json").read_text())
    assert config["hparams"] == {**run.hparams, "latent_dim": 3} and config["batch_size"] == run.batch_size
    assert "40 of the 1000 training examples" in config["data"]["protocol"] and not (folder / "export").exists()
    assert set(seen) == {40}
    monkeypatch.setattr(runner, "_train", no_training)
    again = variants.train(pathlib.Path(run.workdir), tmp_path, None, **changes)
    for mine, theirs in zip(again.variables, model.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())
    with pytest.raises(ValueError, match="hparams: 'latent_dims' is no argument of vae"):
        variants.train(pathlib.Path(run.workdir), tmp_path, None, latent_dims=3)


def seeing(seen):
    """`training_batches` that notes how many training examples there are."""
    plain = runner.datasets.Examples.training_batches

    def training_batches(self, *arguments, **options):
        seen.append(self.splits["train"].size)
        return plain(self, *arguments, **options)

    return training_batches


def test_fewer_training_examples_are_the_same_ones_among_more(digits):
    few, more = (
        digits.with_training_examples(count).splits["train"].read(tf.range(count))["image"].numpy() for count in (5, 9)
    )
    np.testing.assert_array_equal(few, more[:5])
    everything = {image.tobytes() for image in digits.splits["train"].tensors["image"].numpy()}
    assert len({image.tobytes() for image in more}) == 9 and all(image.tobytes() in everything for image in more)
    with pytest.raises(ValueError, match="train_examples=1001: digits has only 1000 training examples"):
        digits.with_training_examples(1001)


def test_the_command_lists_and_makes_studies(run, capsys):
    workdir = f"--workdir={run.workdir}"
    assert entry("trainers.study", workdir) == 0
    listed = capsys.readouterr().out
    assert f"studies of {run.workdir} (vae on digits)" in listed and all(
        f"\n  {name} " in listed for name in table.STUDIES
    )
    assert entry("trainers.study", workdir, "--study=reconstruction", "--examples=8", "--split=validation") == 0
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    kept = pathlib.Path(run.workdir) / "studies" / "reconstruction"
    assert json.loads(kept.with_suffix(".json").read_text()) == line and kept.with_suffix(".png").exists()
    assert (line["examples"], line["split"]) == (8, "validation")
    assert entry("trainers.study", workdir, "--study=maniflod") == 1
    assert "study='maniflod': there is no such study" in capsys.readouterr().err


@pytest.fixture(scope="module")
def gan(digits):
    """(model, data): a GAN on digits whose pictures have bars of a thickness and a slant that z says."""
    model = fresh("dcgan")
    rows, columns = (tf.cast(tf.range(8), tf.float32)[:, None], tf.cast(tf.range(8), tf.float32)[None])

    def bar(latents, training=False):
        width, lean = 1.0 + tf.sigmoid(latents[:, :1, None]), 0.6 * tf.tanh(latents[:, 1:2, None])
        across = tf.abs(columns - 3.5 + lean * (rows - 3.5))
        return 2.0 * tf.clip_by_value(width - across, 0.0, 1.0)[..., None] - 1.0

    model.generator = bar
    return model, digits


def test_clusters_are_named_by_the_best_assignment(vae, digits, tmp_path, monkeypatch):
    """Against all assignments; and clusters of codes that tell the label are right."""
    rng = np.random.default_rng(0)
    found, label = rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    best = max(np.mean(np.array(names)[found] == label) for names in itertools.permutations(range(4)))
    assert clusters.accuracy(found, label, 4) == best
    monkeypatch.setattr(codes, "code", lambda model, batch, seed: tf.one_hot(batch["label"], 10))
    line = made("clusters", vae, digits, tmp_path, examples=200)
    assert max(line["cluster_accuracy"]["codes"]) == 1.0 and 0.5 < max(line["cluster_accuracy"]["pixels"]) < 0.95
    shares = np.array(line["explained_variance"]["pixels"])
    image = np.concatenate([b["image"] for b in digits.batches("test", 200, 0, 200)]).reshape(200, -1) / 16.0
    values = np.linalg.eigvalsh(np.cov(image.T))[::-1]
    np.testing.assert_allclose(shares, (np.cumsum(values) / values.sum())[:50], atol=1e-4)


def test_the_cross_entropy_method_finds_the_best_plan():
    best = np.linspace(-0.9, 0.9, 3)[:, None] * np.linspace(0.2, 1.0, planning.HORIZON)
    found = planning.cross_entropy(lambda plans: -np.square(plans - best[:, None]).sum(-1), 3, np.random.default_rng(0))
    assert np.abs(found - best).max() < 0.35 < np.abs(best).max()


def test_a_model_foresees_what_its_simulator_makes_of_a_plan():
    """With the true simulator in the model's place, and without noise, both foresee the same."""
    random = types.SimpleNamespace(normal=lambda size: np.zeros(size))
    angle, velocity = np.array([0.3, -2.0]), np.array([0.5, 0.0])
    before = angle - 0.1 * velocity  # of the step before
    states = np.stack([[np.cos(a), np.sin(a), v] for a, v in ((before, velocity), (angle, velocity))]).transpose(
        2, 0, 1
    )

    def simulate(prefix, seed, action):
        a, v = np.arctan2(prefix[:, -1, 1], prefix[:, -1, 0]), prefix[:, -1, 2]
        made = []
        for t in range(prefix.shape[1], action.shape[1]):  # the action of a time bears on the next
            a, v = series.pendulum_step(a, v, action[:, t - 1, 0], random)
            made.append(np.stack([np.cos(a), np.sin(a), v], axis=-1))
        return tf.constant(np.stack(made, axis=1))

    plans = np.random.default_rng(0).uniform(-1, 1, (2, planning.POPULATION, planning.HORIZON))
    past = np.zeros([2, 1])
    truly = planning.foreseen_truly(angle, velocity, random)(plans)
    np.testing.assert_allclose(planning.foreseen_by(simulate, states, past, 0)(plans), truly, rtol=1e-4, atol=1e-3)


def test_planning_swings_up_what_chance_does_not(tmp_path, monkeypatch):
    """The true simulator, in a short study of a model that knows nothing."""
    for name, value in {"STARTS": 3, "POPULATION": 60, "STEPS": 80}.items():
        monkeypatch.setattr(planning, name, value)
    line = made(
        "planning",
        zoo.build("time_series", length=64, dims=3, action_dims=1, width=4, depth=2, mixtures=2),
        datasets.load("pendulum"),
        tmp_path,
    )
    rewards = line["mean_reward"]
    assert rewards["the true simulator"] > 0.3 > -0.3 > max(rewards["random torques"], rewards["the model"])


def test_attributes_of_bars():
    from tfgen.metrics import attributes

    for width, length in ((2, 12), (4, 10)):
        picture = np.zeros([1, 20, 20, 1])
        picture[0, 4 : 4 + length, 6 : 6 + width] = 1.0
        # Of the corners of an outline one of two pixels is counted: hypot(1, 1) for 1 + 1.
        expected = 2 * width * length / (2 * (width + length) - (2 - np.sqrt(2)))
        np.testing.assert_allclose(attributes.thickness(picture), expected, rtol=0.03)
        np.testing.assert_allclose(attributes.ink(picture), width * length / 400)
        np.testing.assert_allclose(attributes.slant(picture), 0.0, atol=1e-9)
    leaning = np.zeros([1, 20, 20, 1])
    for row in range(3, 17):
        leaning[0, row, 17 - row : 20 - row] = 1.0  # one column to the right for each row upwards
    np.testing.assert_allclose(attributes.slant(leaning), 1.0, rtol=1e-6)


def test_arithmetic_moves_what_it_should_and_a_random_direction_less(gan):
    from tfgen.studies import arithmetic

    figure, numbers = arithmetic.study(*gan, dataclasses.replace(SETTINGS, examples=600))
    assert figure.get_suptitle() == "Vector arithmetic: DCGAN on digits"
    for result in numbers["results"].values():
        wanted = result["wanted_to_rise"]
        kept = next(key for key in result["before"] if key != wanted)
        before, after, control = (result[name] for name in ("before", "after", "random direction"))
        assert after[wanted][0] - before[wanted][0] > 1.0 + abs(control[wanted][0] - before[wanted][0])
        assert abs(after[kept][0] - before[kept][0]) < 1.0


def test_a_walk_is_even_where_pictures_change_evenly(gan):
    from tfgen.studies import walk

    _, numbers = walk.study(*gan, dataclasses.replace(SETTINGS, examples=6))
    assert numbers["unevenness"]["pixels"] == pytest.approx(1.0, abs=1e-3)
    assert numbers["norm_halfway"]["arc"] > numbers["norm_halfway"]["line"]
    first, last = gan[0].prior().draw(seeds.seed_rows(12)).value.numpy().reshape(6, 2, 4).transpose(1, 0, 2)
    ends = [gan[0].pixels(tf.constant(z)).numpy() / 2 + 0.5 for z in (first, last)]
    step = np.sqrt(np.square((ends[1] - ends[0]) / 16).mean(axis=(1, 2, 3))).mean()
    assert numbers["mean_step"]["pixels"] == pytest.approx(step, rel=1e-3)


def test_gradients_of_both_losses_early_in_training(digits):
    """Against the derivatives by the logit: where D(G(z)) is d they are as d to 1 - d."""
    from tfgen.studies import saturation

    asked = []

    def train(**changes):
        asked.append(changes["steps"])
        model = fresh("dcgan")
        model.discriminator.logits.kernel.assign(0.001 * model.discriminator.logits.kernel)
        model.discriminator.logits.bias.assign([-float(len(asked))])  # the same logit for all pictures, nearly
        return model

    _, numbers = saturation.study(fresh("dcgan"), digits, dataclasses.replace(SETTINGS, train=train))
    assert asked == numbers["steps"]
    d = np.array(numbers["mean_D_of_fakes"])
    ratio = np.divide(numbers["gradient_norm"]["minimax"], numbers["gradient_norm"]["non_saturating"])
    np.testing.assert_allclose(ratio, d / (1 - d), rtol=0.1)


def test_a_machine_on_features_learns_what_they_tell(gan, digits, monkeypatch):
    from tfgen.studies import features

    monkeypatch.setattr(features, "LABELS", (60, 120))
    monkeypatch.setattr(features, "TRAIN", 400)
    model = fresh("dcgan")
    settings = dataclasses.replace(SETTINGS, examples=300, build=lambda seed: fresh("dcgan", seed))
    _, numbers = features.study(model, digits, settings)
    raw = [mean for mean, _ in numbers["accuracy"]["raw pixels"]]
    assert numbers["labels"] == [60, 120] and raw[1] > raw[0] > 0.6 and set(numbers["accuracy"]) > {"discriminator"}
    told = np.repeat(np.eye(3), 40, axis=0)
    assert features._score(told, np.repeat([2, 5, 7], 40), told, np.repeat([2, 5, 7], 40)) == 1.0


def test_rivals_are_trained_measured_and_fail_side_by_side(digits, monkeypatch):
    from tfgen.studies import discriminator_steps, guidelines, objectives, rivals

    asked, model = [], fresh("dcgan")
    drawn = model.sample(seeds.seed_rows(rivals.SHOWN)).numpy()
    of_points, shown = fresh("point_gan"), rivals._shown
    monkeypatch.setattr(rivals, "_shown", lambda one, seed: drawn if one is model else shown(one, seed))

    def train(seed, **changes):
        asked.append((seed, changes))
        if changes.get("objective") == "minimax" and seed == 1:
            raise FloatingPointError("term 'real' is NaN")
        return model

    settings = dataclasses.replace(
        SETTINGS, train=train, measure=lambda model: {"frechet_distance": float(len(asked)), "smallest_share": 0.1}
    )
    figure, numbers = objectives.study(model, digits, settings)
    assert numbers["failed"]["minimax"] == 1 and sum(numbers["failed"].values()) == 1
    assert numbers["frechet_distance"]["minimax"] == [1.0, None, 3.0] and "modes_covered" not in numbers
    assert [seed for seed, _ in asked] == [0, 1, 2] * len(objectives.OBJECTIVES)
    assert len(figure.axes[0].child_axes) == len(objectives.OBJECTIVES)  # a strip of samples for each
    for _, changes in asked:  # what a penalty looks at, no batch norm mixes
        mixed = set(changes) & {"weight_clip", "penalties", "spectral_norm"}
        assert changes.get("normalized") == ("generator" if mixed else None)
    for study, count in ((guidelines, 6), (discriminator_steps, 3)):
        _, numbers = study.study(model, digits, settings)
        assert len(numbers["rivals"]) == count
    for changes in (*objectives.OBJECTIVES.values(), *guidelines.WITHOUT.values()):  # each can be built
        mixed = {"normalized": "generator"} if "penalties" in changes else {}
        zoo.create("dcgan", image_shape=(8, 8, 1), levels=17, **changes, **mixed)
    monkeypatch.setattr(objectives, "OBJECTIVES", {"WGAN-GP": objectives.OBJECTIVES["WGAN-GP"]})
    settings = dataclasses.replace(settings, train=lambda seed, **changes: of_points)
    _, numbers = objectives.study(of_points, datasets.load("ring"), settings)
    assert numbers["failed"]["WGAN-GP"] == 0


def test_progress_is_when_a_bar_was_first_reached(digits, tmp_path):
    model = fresh("dcgan")
    distances, floor = iter((9.0, 2.5, 4.0, 0.9)), 0.1  # 90, 25, 40 and 9 times the floor
    rest = {"frechet_distance_low": 0.5, "frechet_distance_high": 9.5, "precision": 0.5, "recall": 0.4}
    rest |= {"samples": 25, "real_pictures": 25, "features": "ours", "features_resize": "none"}

    def measure(then):
        return rest | {"frechet_distance": next(distances), "frechet_distance_floor": floor}

    history = [({"step": 10 * i, "cpu_seconds": 60.0 * i}, model) for i in range(1, 5)]
    line = made("progress", model, digits, tmp_path, measure=measure, history=lambda: iter(history))
    assert line["cpu_minutes"] == [1, 2, 3, 4] and line["steps_of_checkpoints"] == [10, 20, 30, 40]
    of_bars = {30: 2.0, 10: 4.0, 5: None, 3: None}
    assert line["cpu_minutes_to"] == {f"{bar} times the floor": at for bar, at in of_bars.items()}


def test_where_pixels_are_independent_the_first_moves_nothing():
    """An FVSBN whose weights are zero; two other seeds agree where two draws of the biases' softmax do."""
    model = zoo.build("fvsbn", image_shape=(8, 8, 1), levels=17)
    for variable in model.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    figure, numbers = first_pixel.study(model, datasets.load("digits"), SETTINGS)
    changed = numbers["changed"]
    another = changed.pop("another seed")
    assert set(changed.values()) == {0.0} and another == pytest.approx(16 / 17, abs=0.03) and figure.axes
    assert set(numbers["nats"].values()) == {round(64 * float(np.log(17)), 4)}
