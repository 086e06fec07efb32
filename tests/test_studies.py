"""Studies: what each of them reports, against a closed form or plain numpy, and the command that makes them."""

import dataclasses
import json
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.test_trainers import entry, tiny
from tfgen import data as datasets
from tfgen import zoo
from tfgen.core import checkpoints
from tfgen.ops import seeds
from tfgen.studies import table
from tfgen.studies.needs import offered
from tfgen.studies.settings import Settings
from trainers import callbacks, runner, variants
from trainers import config as configs


def no_training(**changes):
    raise AssertionError(f"trained with {changes}")


SETTINGS = Settings(no_training, examples=20)


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
    assert all(f"\n  {name} " in capsys.readouterr().out + "\n" for name in [*table.STUDIES][:1])
    assert entry("trainers.study", workdir, "--study=reconstruction", "--examples=8", "--split=validation") == 0
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    kept = pathlib.Path(run.workdir) / "studies" / "reconstruction"
    assert json.loads(kept.with_suffix(".json").read_text()) == line and kept.with_suffix(".png").exists()
    assert (line["examples"], line["split"]) == (8, "validation")
    assert entry("trainers.study", workdir, "--study=maniflod") == 1
    assert "study='maniflod': there is no such study" in capsys.readouterr().err
