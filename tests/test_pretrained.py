"""Published models: all of pretrained/ restores and finds its figures again; damage and unknown names are named."""

import contextlib
import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfgen import data as datasets
from tfgen import zoo
from tfgen.core import checkpoints, weights
from tfgen.data import splits
from trainers import adam, measures, publish
from trainers import config as configs
from trainers.config import TrainConfig
from trainers.measures import Protocol


@functools.cache
def load(dataset, data_dir, transforms):
    return datasets.load(dataset, data_dir, transforms, cache=True)


@contextlib.contextmanager
def eagerly(yes):
    """For a few passes graphs take longer to be made than they save; for a loop they do not."""
    tf.config.run_functions_eagerly(yes)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("name", zoo.read_manifest())
def test_a_published_model_finds_its_figures_again(name, request):
    config = zoo.read_config(zoo.PRETRAINED / name)
    data_dir = request.getfixturevalue("tfds_dir") if config["dataset"] in ("mnist", "cifar10") else None
    data = load(config["dataset"], data_dir, config["transforms"])
    evaluation = json.loads((zoo.PRETRAINED / name / "evaluation.json").read_text())
    assert evaluation["protocol"] == data.protocol and not splits.difference(config["data"], data.record)
    with eagerly("log_partition" not in zoo.find(config["model"]).verbs):
        found = measures.check(zoo.pretrained(name), data)
    stored = evaluation["check"]
    assert set(stored) <= set(found) and len(stored) > 3  # what is measured since then is of the next to be published
    for key, value in stored.items():
        assert value == found[key] if isinstance(value, dict) else value == pytest.approx(found[key], rel=1e-3), key


def test_everything_published_is_listed_and_small():
    manifest = zoo.read_manifest()
    folders = {path.name for path in zoo.PRETRAINED.iterdir() if path.is_dir()} if zoo.PRETRAINED.exists() else set()
    assert folders == set(manifest)
    total = 0
    for name, files in manifest.items():
        assert {path.name for path in (zoo.PRETRAINED / name).iterdir()} == set(files)
        assert {"weights.npz", "config.json", "evaluation.json", "MODEL_CARD.md"} <= set(files)
        size = sum(file["bytes"] for file in files.values())
        assert size <= publish.LARGEST and zoo.pretrained_folder(name)
        total += size
    assert total <= 30_000_000


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """(workdir of a tiny DCGAN with an average and a best step, 3 of 4; folder that it was published in)."""
    patch = pytest.MonkeyPatch()
    root = tmp_path_factory.mktemp("published")
    patch.setattr(zoo, "PRETRAINED", root / "pretrained")
    data = load("digits", None, "")
    config = TrainConfig(
        model="dcgan",
        average=0.9,
        keep_best="val_loss",
        start_from="/elsewhere/begun",
        hparams={"latent_dim": 3, "width": 4},
    )
    arguments = {"image_shape": (8, 8, 1), "levels": 17, **config.hparams}
    keras.utils.set_random_seed(0)
    model = zoo.build("dcgan", **arguments)
    model.discriminator.logits.bias.assign([100.03])  # float16 counts by sixteenths there: rounding shows in a logit
    model.compile({player.name: adam.Adam(1e-2) for player in model.players()}, average=0.9)
    trackable = checkpoints.trackable(model, model.average, model.optimizers)
    for step, folder in (
        (3, checkpoints.best_directory(root / "tiny", "val_loss")),
        (4, root / "tiny" / "checkpoints"),
    ):
        model.fit(data.training_batches(16, 0), steps_per_epoch=step - int(model.step.numpy()), verbose=0)
        checkpoints.save(folder, trackable, step, keep=1)
    configs.write(root / "tiny" / "config.json", config, arguments, data.record, [])
    protocol = Protocol(examples=20, samples=10, batch_size=10)
    patch.setattr("trainers.classifier.STEPS", 5)
    (root / "tiny" / "studies").mkdir()
    Image.new("RGB", (30, 20), "red").save(root / "tiny" / "studies" / "sharpness.png")
    yield root / "tiny", publish.publish(root / "tiny", "tiny", protocol, studies=["sharpness"])
    patch.undo()


def test_published_weights_are_the_best_average_in_half_precision(published):
    workdir, folder = published
    model, trained = zoo.pretrained("tiny"), zoo.restore(workdir, best=True)
    raw = zoo.restore(workdir, averaged=False, best=True)
    trainable = {variable.path.split("/", 1)[-1] for variable in trained.trainable_variables}
    moved = 0.0
    for mine, theirs, last in zip(model.variables, trained.variables, raw.variables, strict=True):
        value = theirs.numpy()
        rounded = value.astype(np.float16).astype(value.dtype)
        is_trainable = any(theirs is variable for variable in trained.trainable_variables)
        np.testing.assert_array_equal(mine.numpy(), rounded if is_trainable else value, err_msg=theirs.path)
        moved = max(moved, np.abs(mine.numpy() - last.numpy()).max())
    assert moved > 1e-3 and trainable and int(model.step.numpy()) == 3
    with np.load(folder / "weights.npz") as file:
        kinds = {array.dtype.name for array in file.values()}
    assert kinds == {"float16", "float32", "int64"}  # weights, batch statistics, the step


def test_what_is_published(published):
    _, folder = published
    assert {path.name for path in folder.iterdir()} == {
        *("weights.npz", "config.json", "evaluation.json", "MODEL_CARD.md"),
        *("evaluation.png", "interpolation.png", "judged.png", "sharpness.png"),
    }
    manifest = json.loads((folder.parent / "MANIFEST.json").read_text())
    assert {name: file["bytes"] for name, file in manifest["tiny"].items()} == {
        path.name: path.stat().st_size for path in folder.iterdir()
    }
    card = (folder / "MODEL_CARD.md").read_text()
    assert 'zoo.pretrained("tiny")' in card and "float16" in card and "![judged](judged.png)" in card
    evaluation = json.loads((folder / "evaluation.json").read_text())
    # Of the rounded weights: measured again from the published file alone.
    again = measures.check(zoo.pretrained("tiny"), load("digits", None, ""))
    assert again == evaluation["check"] and evaluation["samples"] == 10 and "train" in evaluation["protocol"]
    config = zoo.read_config(folder)
    assert config["workdir"] == "" and config["start_from"] == "begun"  # no path of this machine


def test_a_name_that_is_not_there_lists_those_that_are(published):
    with pytest.raises(ValueError, match="pretrained='tiney': .*did you mean 'tiny'.*there are tiny"):
        zoo.pretrained("tiney")


def test_damage_is_named_by_its_file(published):
    path = published[1] / "weights.npz"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
        with pytest.raises(OSError, match="tiny/weights.npz: damaged"):
            zoo.pretrained("tiny")
        path.unlink()
        with pytest.raises(FileNotFoundError, match="tiny/weights.npz: missing"):
            zoo.pretrained("tiny")
    finally:
        path.write_bytes(whole)


def test_a_model_too_large_or_without_its_studies_is_refused_and_the_old_one_stays(published, monkeypatch):
    monkeypatch.setattr(publish, "LARGEST", 1000)
    with pytest.raises(ValueError, match="name='tiny': takes .* bytes, and a published model at most 1,000"):
        publish.publish(published[0], "tiny", Protocol())
    with pytest.raises(ValueError, match="studies='manifold': was not made; python -m trainers.study --workdir=.*"):
        publish.publish(published[0], "tiny", Protocol(), studies=["manifold"])
    assert zoo.pretrained_folder("tiny") == published[1]


def test_weights_of_another_model_or_beyond_half_precision_are_refused(tmp_path):
    model = zoo.build("fvsbn", image_shape=(2, 2, 1), levels=2)
    weights.write(tmp_path / "weights.npz", model)
    with pytest.raises(ValueError, match="not those of NADE"):
        weights.read(tmp_path / "weights.npz", zoo.build("nade", image_shape=(2, 2, 1), levels=2, width=3))
    variable = model.trainable_variables[0]
    variable.assign(tf.fill(variable.shape, 1e5))
    with pytest.raises(ValueError, match="not finite in float16"):
        weights.write(tmp_path / "weights.npz", model)
