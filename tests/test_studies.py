"""Studies: what each of them reports, against a closed form or plain numpy, and the command that makes them."""

import dataclasses
import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import special

from tests.test_trainers import entry, tiny
from tests.zoo import ROWS
from tfgen import data as datasets
from tfgen import zoo
from tfgen.core import checkpoints
from tfgen.data import registry
from tfgen.distributions.latents import DiagonalGaussian, Flow
from tfgen.ops import seeds
from tfgen.studies import codes, figures, interpolation, manifold, table
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


@pytest.mark.parametrize("row", ["ladder_vae", "pixel_vae"])
def test_layers_of_z_conditions_and_likelihoods_without_a_mean_have_their_studies_too(row, tmp_path):
    model, data = numbers_of(row)
    there = offered(model, data)
    fitting = [name for name, study in table.STUDIES.items() if not study.lacking(there)]
    assert {"reconstruction", "interpolation"} <= set(fitting)
    for name in fitting:
        if name != "bound":
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
