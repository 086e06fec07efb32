"""Measures and pictures: every one that fits, by its protocol, with a sentence for what fits none."""

import dataclasses
import functools
import json
import math
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import saved_model
from tests.test_trainers import entry
from tfgen import data as datasets
from tfgen import zoo
from tfgen.core import checkpoints
from tfgen.ops import audio, images, seeds
from trainers import classifier, features, measures, pictures, runner, stand_ins
from trainers import config as configs
from trainers.config import TrainConfig
from trainers.measures import Protocol

ROOT = pathlib.Path(__file__).parents[1]
MODELS = {
    "fvsbn": ("digits", "", {}),
    "gated_pixel_cnn": ("digits", "", {"width": 4, "depth": 1, "head_width": 4, "conditional": True}),
    "wavenet": ("tones", "clip:64", {"width": 4, "skip": 4, "depth": 2, "stacks": 1, "conditional": True}),
    "time_series": ("pendulum", "", {"width": 4, "depth": 2, "mixtures": 2}),
    "vae": ("digits", "", {"latent_dim": 2, "width": 4, "depth": 1}),
    "dcgan": ("digits", "", {"latent_dim": 4, "width": 4}),
}
SHORT = Protocol(examples=30, importance_samples=4, samples=25, batch_size=20)


@functools.cache
def data_of(name):
    dataset, transforms, _ = MODELS[name]
    return datasets.load(dataset, transform=transforms)


@functools.cache
def model_of(name):
    keras.utils.set_random_seed(0)
    known, data = zoo.arguments(name), data_of(name)
    arguments = {key: value for key, value in data.arguments.items() if key in known} | MODELS[name][2]
    model = zoo.build(name, **arguments)
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.1 * tf.random.stateless_normal(variable.shape, [0, i]))
    return model


def first(name, count):
    return next(iter(data_of(name).batches("test", count)))


@pytest.mark.parametrize("name", ["fvsbn", "time_series"])
def test_exact_likelihood_is_that_of_the_split_in_order(name):
    model, data = model_of(name), data_of(name)
    measured = measures.measure(model, data, SHORT, only=("likelihood",))
    batch = first(name, 30)
    nats = -model.log_prob(batch[model.example], **model.condition(batch)).numpy().astype(np.float64)
    np.testing.assert_allclose(measured["nats"], nats.mean(), rtol=1e-5)
    np.testing.assert_allclose(measured["nats_standard_error"], np.std(nats) / math.sqrt(30), rtol=1e-3)
    assert measured["examples"] == 30 and measured["examples_of_split"] == data.splits["test"].size
    if name == "fvsbn":
        np.testing.assert_allclose(measured["bits_per_dim"], nats.mean() / (64 * math.log(2)), rtol=1e-4)
    else:
        assert "bits_per_dim" not in measured  # of a density


def test_bounds_take_the_seed_of_each_example_and_stop_after_minutes(monkeypatch):
    model, data = model_of("vae"), data_of("vae")
    measured = measures.measure(model, data, SHORT, only=("bounds",))
    elbo = -model.elbo(first("vae", 30)["image"], seeds.seed_rows(30)).numpy()  # in one batch, not in two
    np.testing.assert_allclose(measured["negative_elbo_nats"], elbo.mean(), rtol=2e-6)
    assert measured["importance_bound_nats"] < measured["negative_elbo_nats"]
    assert (measured["importance_samples"], measured["examples"], measured["examples_of_split"]) == (4, 30, 447)
    limits = []
    monkeypatch.setattr(
        measures, "_of_each", lambda model, data, protocol, limit, functions: limits.append(limit) or {}
    )
    for protocol in (Protocol(), Protocol(examples=0), Protocol(examples=9)):
        measures.bounds(model, data, protocol)
        measures.likelihood(model, data, protocol)
    assert limits == [measures.BOUND_EXAMPLES, None, None, None, 9, 9]


def test_everything_that_fits_is_measured_and_samples_are_given_the_labels_of_the_data(monkeypatch, capsys):
    monkeypatch.setattr(classifier, "STEPS", 150)
    model, data = model_of("gated_pixel_cnn"), data_of("gated_pixel_cnn")
    given = []

    def sample(seed, label):
        given.append(label)
        return tf.gather(first("gated_pixel_cnn", 25)["image"], seed[:, 1])

    monkeypatch.setattr(model, "sample", sample)
    measured = measures.measure(model, data, SHORT)
    assert {"nats", "class_shares", "smallest_share", "samples_of_their_label"} <= set(measured)
    assert "not_measured" not in measured and "label of the test examples" in measured["samples_given"]
    # The "samples" are the test examples: most are of their label, and the shares are those of the labels.
    labels = first("gated_pixel_cnn", 25)["label"].numpy()
    assert measured["samples_of_their_label"] > 0.7 and measured["classifier_test_accuracy"] > 0.7
    off = np.abs(np.array(list(measured["class_shares"].values())) - np.bincount(labels, minlength=10) / 25).sum()
    assert off < 0.7
    # So they are no distance away, closer than training pictures, and as far from those as held-out ones are.
    assert measured["features"] == "our classifier, 150 steps" and measured["real_pictures"] == 25
    assert measured["frechet_distance"] < 1e-3 < 0.05 < measured["frechet_distance_floor"]
    assert measured["frechet_distance_low"] <= measured["frechet_distance"] <= measured["frechet_distance_high"]
    assert measured["precision"] == measured["recall"] == measured["coverage"] == measured["memorisation_ratio"] == 1
    said = capsys.readouterr()
    assert said.out == "" and "25/25" in said.err and "30/30" in said.err and "150/150" in said.err


def test_samples_that_repeat_what_was_shown_are_flagged(monkeypatch, tmp_path, caplog):
    """Of a model of twenty training examples, whose judge has seen all of them."""
    monkeypatch.setattr(classifier, "STEPS", 3)
    model = model_of("dcgan")
    config = {"dataset": "digits", "transforms": "", "data_dir": "", "skip_corrupt": False, "train_examples": 20}
    data, judges = runner.load_data(config), []
    original = classifier.train
    monkeypatch.setattr(classifier, "train", lambda *x: judges.append(x[0]) or original(*x))
    shown, held_out = (next(iter(data.batches(split, 25, 0)))["image"] for split in ("train", "test"))
    measured = []
    for made in (shown, held_out):
        monkeypatch.setattr(model, "sample", lambda seed, made=made: tf.gather(made, seed[:, 1] % 20))
        protocol = dataclasses.replace(SHORT, folder=str(tmp_path))
        measured.append(measures.measure(model, data, protocol, only=("judged",)))
    assert [one["memorised"] for one in measured] == [True, False]
    assert measured[0]["memorisation_ratio"] < 1e-3 and measured[1]["memorisation_ratio"] > 0.9
    assert "samples repeat training pictures" in caplog.text and "of the 1000 training examples" in data.protocol
    assert measured[0]["training_pictures"] == 20 and measured[0]["frechet_distance_floor"] > 0
    assert [judge.splits["train"].size for judge in judges] == [1000]


def test_a_classifier_is_kept_and_is_of_its_data(monkeypatch, tmp_path):
    monkeypatch.setattr(classifier, "STEPS", 3)
    data, trained = data_of("dcgan"), []
    original = classifier.train
    monkeypatch.setattr(classifier, "train", lambda *x: trained.append(1) or original(*x))
    image = first("dcgan", 30)["image"].numpy()
    one, again = (features.choose("", tmp_path, data, lambda count: None) for _ in range(2))
    assert len(trained) == 1 and one.test_accuracy == again.test_accuracy
    for before, after in zip(one.of(image), again.of(image, at_once=7), strict=True):
        np.testing.assert_allclose(before, after, rtol=1e-4, atol=1e-5)
    features.choose("", tmp_path, dataclasses.replace(data, protocol="another"), lambda count: None)
    assert len(trained) == 2


def test_features_of_a_saved_model_see_what_they_were_made_for(tmp_path):
    module = tf.Module()
    spec = tf.TensorSpec([None, 4, 4, 3], tf.float32, name="pixels")
    mean = tf.function(lambda pixels: {"mean": tf.reduce_mean(pixels, axis=[1, 2])}, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "mean"), signatures=mean.get_concrete_function())
    data, image = data_of("dcgan"), first("dcgan", 12)["image"]
    network = features.choose(str(tmp_path / "mean"), tmp_path, data, None)
    assert network.name == "SavedModel mean" and network.resize == "bilinear to 4x4"
    found, probabilities = network.of(image.numpy())
    assert probabilities is None and found.shape == (12, 3)  # gray, three times
    means = (image.numpy() / 8 - 1).mean((1, 2))
    np.testing.assert_allclose(found, np.repeat(means, 3, axis=1), atol=0.05)
    with pytest.raises(
        ValueError, match=r"features='nowhere': must be inception_v3, or a folder with a saved_model.pb"
    ):
        features.choose("nowhere", tmp_path, data, None)


def test_modes_of_a_stack_are_counted(monkeypatch):
    """Of samples that are test examples: as many as these have, and their shares."""
    monkeypatch.setattr(classifier, "STEPS", 400)
    data = datasets.load("stacked:digits")
    batch = next(iter(data.batches("test", 400)))
    model = stand_ins.Pictures.__new__(stand_ins.Pictures)
    model._images, model.levels = batch["image"].numpy(), 17
    measured = measures.measure(model, data, Protocol(samples=400, batch_size=100))
    labels = batch["label"].numpy()
    assert measured["modes"] == 1000 and "not_measured" not in measured
    assert abs(measured["modes_covered"] - len(set(labels))) < 25 and measured["classifier_test_accuracy"] > 0.9
    shares = np.bincount(labels)[np.bincount(labels) > 0] / 400
    np.testing.assert_allclose(measured["kl_from_uniform_nats"], np.sum(shares * np.log(1000 * shares)), atol=0.1)


def test_an_export_is_measured_as_the_live_model_is(tmp_path):
    """By its signatures alone; conditions, samples and pictures too."""
    model, data = model_of("gated_pixel_cnn"), data_of("gated_pixel_cnn")
    about = {"model": "gated_pixel_cnn", "dataset": "digits", "transforms": "", "trained_steps": 7, "name": "g"}
    about |= {"arguments": {"num_classes": 10}, "protocol": data.protocol}
    path = saved_model.export_model(model, tmp_path / "g" / "1", about)
    export = stand_ins.Exported(path)
    assert zoo.verbs(export) == ("sample", "log_prob") and set(export.condition_spec) == {"label"}
    for protocol in (Protocol(examples=20, batch_size=10),):
        live, served = (measures.likelihood(one, data, protocol) for one in (model, export))
        assert live == pytest.approx(served, rel=1e-5)
    seed, label = seeds.seed_rows(4), tf.constant([1, 2, 3, 4])
    np.testing.assert_array_equal(export.sample(seed, label=label), model.sample(seed, label=label))
    pictures.draw(export, data, "test", tmp_path / "pictures", 0)
    assert {"evaluation.png", "likely.png"} <= {one.name for one in (tmp_path / "pictures").iterdir()}
    with pytest.raises(FileNotFoundError, match=r"export='.*elsewhere': no saved_model.pb and model_card.json there"):
        stand_ins.Exported(tmp_path / "elsewhere")


def test_a_folder_of_pictures_is_measured_as_samples_are(monkeypatch, tmp_path, capsys):
    """Of the test examples themselves: nothing is lost on the way, and they are no distance away."""
    monkeypatch.setattr(classifier, "STEPS", 100)
    batch = first("dcgan", 40)
    for i, image in enumerate(batch["image"].numpy()):
        Image.fromarray(np.round(image[..., 0] * (255 / 16)).astype(np.uint8)).save(tmp_path / f"{i:03d}.png")
    found = stand_ins.Pictures(tmp_path, data_of("dcgan"))
    np.testing.assert_array_equal(found.sample(seeds.seed_rows(40)), batch["image"])
    monkeypatch.chdir(tmp_path)
    assert entry("trainers.evaluate", f"--folder={tmp_path}", "--dataset=digits", "--samples=40") == 0
    line = json.loads(capsys.readouterr().out)
    assert line["samples"] == 40 and line["frechet_distance"] < 1e-3 and line["precision"] == 1.0
    assert (tmp_path / "runs" / "folders" / tmp_path.name / "pictures" / "evaluation.png").exists()
    assert entry("trainers.evaluate", f"--folder={tmp_path}") == 1
    assert "give the --dataset that its pictures are compared with" in capsys.readouterr().err


def test_conditions_are_repeated_where_there_are_more_samples_than_examples():
    data = data_of("gated_pixel_cnn")
    conditions = measures._conditions(model_of("gated_pixel_cnn"), data, dataclasses.replace(SHORT, samples=1000))
    labels = first("gated_pixel_cnn", 447)["label"].numpy()
    np.testing.assert_array_equal(conditions["label"], np.concatenate([labels, labels, labels])[:1000])


def test_data_that_is_not_what_was_trained_on_is_said_beside_the_figures(monkeypatch, caplog, tmp_path):
    monkeypatch.setattr(measures, "measure", lambda *_: {})
    monkeypatch.setattr(pictures, "draw", lambda *_: {})
    model, data = model_of("dcgan"), data_of("dcgan")
    then = data.record | {"fingerprint": data.fingerprint | {"test": "446 examples"}}
    line = measures.report({"model": "dcgan", "dataset": "digits", "data": then}, model, data, SHORT, tmp_path)
    said = f"the data is not what it was: test is {data.fingerprint['test']}, and was 446 examples"
    assert line["data_differs"] == said and said in caplog.text


def test_a_gan_of_data_without_labels_gets_a_sentence_and_everything_else(tmp_path):
    model, data = model_of("dcgan"), dataclasses.replace(data_of("dcgan"), class_names=())
    config = {"model": "dcgan", "dataset": "folder:faces", "data": data.record}
    line = measures.report(config, model, data, SHORT, tmp_path)
    assert "data_differs" not in line
    assert "no labels" in line["not_measured"]["judged"]
    batch = first("dcgan", 30)["image"]
    np.testing.assert_allclose(line["example_logit"], model.discriminate(batch).numpy().mean(), atol=1e-3)
    made = model.sample(seeds.seed_rows(25))
    np.testing.assert_allclose(line["sample_logit"], model.discriminate(made).numpy().mean(), atol=1e-3)
    np.testing.assert_allclose(line["sample_level"], made.numpy().mean(), atol=0.05)
    assert {path.stem for path in (tmp_path / "pictures").iterdir()} == {
        "evaluation",
        "neighbours",
        "interpolation",
        "judged",
    }
    assert json.loads(json.dumps(line)) == line and line["protocol"] == data.protocol and line["seed"] == 0


def test_a_model_that_no_measure_fits_gets_a_sentence(monkeypatch):
    entry = dataclasses.replace(zoo.MODELS["dcgan"], verbs=("generate",))
    monkeypatch.setitem(zoo.MODELS, "dcgan", entry)
    model = model_of("dcgan")
    monkeypatch.setattr(model, "signatures", lambda: {})
    measured = measures.measure(model, data_of("dcgan"), SHORT)
    assert list(measured) == ["not_measured"]
    assert "no measure fits DCGAN: likelihood needs log_prob" in measured["not_measured"]["model"]


def test_pictures_come_before_the_measures(monkeypatch, tmp_path):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(measures, "measure", interrupt)
    with pytest.raises(KeyboardInterrupt):
        measures.report({"model": "vae", "dataset": "digits"}, model_of("vae"), data_of("vae"), SHORT, tmp_path)
    assert {path.stem for path in (tmp_path / "pictures").iterdir()} == {
        "evaluation",
        "neighbours",
        "reconstruction",
        "interpolation",
    }


@pytest.mark.parametrize(
    "name, expected",
    [
        ("fvsbn", {"evaluation.png", "neighbours.png", "completion.png", "likely.png"}),
        (
            "gated_pixel_cnn",
            {"evaluation.png", "neighbours.png", "completion.png", "classes.png", "receptive_field.png", "likely.png"},
        ),
        ("time_series", {"evaluation.png", "simulation.png"}),
        ("wavenet", {"evaluation.png", *(f"evaluation-{i}.wav" for i in range(8))}),
    ],
)
def test_every_picture_that_fits_is_drawn(name, expected, tmp_path):
    model = model_of(name)
    measured = pictures.draw(model, data_of(name), "test", tmp_path, seed=3)
    assert {path.name for path in tmp_path.iterdir()} == expected
    assert all(np.asarray(Image.open(path)).std() > 1 for path in tmp_path.glob("*.png"))
    if name == "fvsbn":
        nats = -model.log_prob(model.sample(seeds.seed_rows(64, 3))).numpy()
        np.testing.assert_allclose(measured["sample_nats"], nats.mean(), rtol=1e-4)
    if name == "wavenet":
        samples, rate = audio.read_wav(tmp_path / "evaluation-0.wav")
        assert rate == model.sample_rate and samples.shape == (64,)


def test_neighbours_are_the_nearest_training_pictures(monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(pictures, "_save", lambda path, image, levels: shown.append(image))
    train = np.concatenate([part["image"] for part in data_of("fvsbn").batches("train", 500)])
    made = np.minimum(train[5:21] + 1, 16)  # a level off
    pictures._neighbours(made, data_of("fvsbn"), tmp_path / "neighbours", 17)
    np.testing.assert_array_equal(shown[0], np.concatenate([made[:8], train[5:13], made[8:], train[13:21]]))


def test_curves_go_through_every_value():
    series = np.stack([np.linspace(0, 7, 8), np.full(8, 3.0)], axis=-1)[None]
    picture = images.curves(series, height=8)
    assert picture.shape == (1, 8, 8, 3) and picture[..., 2].max() == 0
    for t in range(8):
        assert picture[0, 7 - t, t, 0] == 255 and picture[0, :, t, 0].sum() == 255 * min(2, t + 1)
        assert picture[0, :, t, 1].sum() == 255


def test_the_command_prints_one_line_and_leaves_it_beside_the_pictures(tmp_path):
    model, data = model_of("time_series"), data_of("time_series")
    config = TrainConfig(model="time_series", dataset="pendulum")
    known = zoo.arguments("time_series")
    arguments = {key: value for key, value in data.arguments.items() if key in known} | MODELS["time_series"][2]
    configs.write(tmp_path / "config.json", config, arguments, data.record, [])
    checkpoints.save(tmp_path / "checkpoints", checkpoints.trackable(model), 0, keep=1)
    command = [sys.executable, "-m", "trainers.evaluate", f"--workdir={tmp_path}", "--examples=40"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1 and "40/40" in done.stderr
    line = json.loads(done.stdout)
    assert json.loads((tmp_path / "evaluation.json").read_text()) == line
    batch = first("time_series", 40)
    nats = -model.log_prob(batch["series"], **model.condition(batch)).numpy()
    np.testing.assert_allclose(line["nats"], nats.mean(), rtol=1e-3)
    assert line["dataset"] == "pendulum" and "train" in line["protocol"] and "linear_gaussian_nats" in line
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {"evaluation.png", "simulation.png"}
