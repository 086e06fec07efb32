"""Transfer and code size: whose weights a classifier has, what it learns, and which models the curves are of."""

import json

import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from export import saved_model, verify
from tfgen import data as datasets
from tfgen import zoo
from tfgen.ops import seeds
from tfgen.studies import code_size, table, transfer
from tfgen.studies.classifier import Classifier
from tfgen.studies.needs import offered
from tfgen.studies.settings import Settings
from trainers import variants

SMALL = {"image_shape": (8, 8, 1), "levels": 17, "latent_dim": 4, "width": 8, "depth": 1}
CONFIG = {"model": "autoencoder", "model_arguments": SMALL}


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


@pytest.fixture(scope="module")
def task(digits):
    return transfer._task(digits, Settings(None, examples=100))


@pytest.fixture(scope="module")
def learner():
    return transfer.Learner(variants.build(CONFIG, 0), 10)


def weights(seed):
    return [variable.numpy() for variable in variants.build(CONFIG, seed).variables]


def test_the_weights_of_the_encoder_are_copied_and_then_move(learner, task, monkeypatch):
    monkeypatch.setattr(transfer, "FEWEST_STEPS", 20)
    source = variants.build(CONFIG, 7)
    codes = source.encode(task.test_image).moments()["mean"].numpy()
    learner.fit(weights(3), task, 30, 0)  # whatever was there before
    learner.begin(source.variables)
    np.testing.assert_allclose(learner.of(task.test_image)[0], codes, rtol=1e-5, atol=1e-6)
    assert not learner.of(task.test_image)[1].any()  # the head begins at zero
    learner.fit(source.variables, task, 30, 0)
    assert np.abs(learner.of(task.test_image)[0] - codes).max() > 1e-3
    np.testing.assert_allclose(source.encode(task.test_image).moments()["mean"], codes)  # the source keeps its own


def test_the_same_start_and_seed_end_alike_and_labels_are_learned(learner, task, monkeypatch):
    monkeypatch.setattr(transfer, "FEWEST_STEPS", 300)
    first, other = learner.fit(weights(1), task, 300, 0), learner.fit(weights(1), task, 300, 1)
    logits = learner.of(task.test_image)[1]
    assert learner.fit(weights(1), task, 300, 1) == other and first > 0.3
    np.testing.assert_allclose(learner.of(task.test_image)[1], logits, atol=1e-4)
    assert np.mean(logits.argmax(axis=1) == task.test_label) == other


def test_labels_are_drawn_by_seed_and_fewer_are_among_more(task):
    assert set(task.some(10, 3)) < set(task.some(50, 3)) and set(task.some(10, 3)) != set(task.some(10, 4))
    assert sorted(task.some(1000, 0)) == list(range(1000))


def test_a_regression_is_of_the_labelled_rows_alone(task):
    features = [images.reshape(len(images), -1).astype(float) for images in (task.image, task.test_image)]
    rows = task.some(50, 2)
    mean = features[0].mean(axis=0)
    train, test = ((part - mean) / np.sqrt(features[0].var(axis=0).mean()) for part in features)
    theirs = LogisticRegression(max_iter=1000).fit(train[rows], task.label[rows]).score(test, task.test_label)
    assert transfer.regress(tuple(features), task, 50, 2) == theirs
    assert transfer.regress(tuple(features), task, 1, 2) == np.mean(task.test_label == task.label[rows[0]])


def test_a_classifier_owns_the_encoder_alone_and_serves_probabilities(task):
    model = variants.build(CONFIG, 0)
    classifier = Classifier(model, 10)
    classifier.make_variables()
    owned = {id(v) for v in classifier.trainable_variables}
    assert owned == {id(v) for v in [*model.encoder.trainable_variables, *classifier.head.trainable_variables]}
    classifier.head.kernel.assign(tf.random.stateless_normal([4, 10], [0, 0]))
    image = tf.constant(task.test_image[:6])
    answer = saved_model.served_function(classifier, classifier.signatures()["classify"])({"image": image})
    logits = model.encode(image).moments()["mean"].numpy() @ classifier.head.kernel.numpy()
    odds = np.exp(logits)
    np.testing.assert_allclose(answer["probabilities"], odds / odds.sum(axis=1, keepdims=True), rtol=1e-4)
    assert answer["valid"].numpy().all()


def test_codes_without_a_closed_form_are_one_draw_and_conditions_are_refused(task):
    flow = zoo.build("vae", **SMALL, posterior="iaf", flow_steps=1)
    image = tf.constant(task.test_image[:3])
    draw = flow.encode(image).draw(tf.zeros([3, 2], tf.int32)).value
    np.testing.assert_allclose(Classifier(flow, 10).code(image, False), draw, rtol=1e-5)
    with pytest.raises(ValueError, match="VAE encodes given the label"):
        Classifier(zoo.build("vae", **SMALL, conditional=True, num_classes=10), 10)


def test_the_study_compares_every_start_and_exports_a_classifier(digits, tmp_path, monkeypatch):
    for name, value in {
        "SEEDS": 2,
        "LABELS": (20,),
        "AT": 20,
        "FEWEST_STEPS": 4,
        "MOST_STEPS": 4,
        "MOST_REGRESSED": 60,
        "UNLABELLED": (0.1, 1.0),
    }.items():
        monkeypatch.setattr(transfer, name, value)
    monkeypatch.setattr(verify, "verify", lambda *_: None)  # in a process of its own; tests/test_export.py
    asked = []

    def train(**changes):
        asked.append(changes)
        return variants.build(CONFIG, 5)

    settings = Settings(
        train,
        examples=100,
        build=lambda seed: variants.build(CONFIG, seed),
        export=lambda model, about: variants.export(tmp_path / "transfer", model, about),
    )
    model = variants.build(CONFIG, 9)
    line = table.conduct("transfer", offered(model, digits), model, digits, settings, tmp_path)
    kept = json.loads((tmp_path / "transfer.json").read_text())
    assert kept == line and line["accuracy"][transfer.TUNED].keys() == {"20", "1000"} and line["labels"] == [20, 1000]
    assert kept["accuracy"][transfer.PIXELS].keys() == {"20", "60"} and len(kept["accuracy"]) == 6
    assert [changes["train_examples"] for changes in asked] == [100, 1000]
    assert kept["accuracy_by_unlabelled_images"][transfer.FROZEN].keys() == {"100", "1000"}
    loaded = tf.saved_model.load(line["export"])
    image = next(iter(digits.batches("test", 5)))["image"]
    probabilities = loaded.signatures["classify"](image=image)["probabilities"].numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-5)
    assert probabilities.shape == (5, 10)


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_code_sizes_are_those_of_the_run_trained_anew_beside_pca(name, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(code_size, "DIMS", (2, 64))
    models, asked = {d: zoo.build(name, **SMALL | {"latent_dim": d}) for d in (2, 64)}, []
    settings = Settings(lambda latent_dim: asked.append(latent_dim) or models[latent_dim], examples=30)
    line = table.conduct("code_size", offered(models[64], digits), models[64], digits, settings, tmp_path)
    assert asked == [2] and json.loads((tmp_path / "code_size.json").read_text()) == line
    image = next(iter(digits.batches("test", 30)))["image"]
    pca = PCA(2).fit(digits.splits["train"].tensors["image"].numpy().reshape(1000, 64) / 16.0)
    flat = image.numpy().reshape(30, 64) / 16.0
    error = np.mean((pca.inverse_transform(pca.transform(flat)) - flat) ** 2)
    np.testing.assert_allclose(line["pca_mse_per_pixel"]["2"], error, atol=1e-6)
    assert line["pca_mse_per_pixel"].keys() == {"2"}  # of all 64 nothing is lost
    for d, model in models.items():
        made = model.decode(model.encode(image).moments()["mean"]).moments()["mean"].numpy()
        errors = np.square((made - image.numpy()) / 16.0).mean(axis=(1, 2, 3))
        assert line["mse_per_pixel"][str(d)] == pytest.approx([errors.mean(), errors.std() / 30**0.5], abs=1e-6)
        if name == "vae":
            nats = -model.elbo(image, seeds.seed_rows(30)).numpy()
            assert line["negative_elbo_nats"][str(d)][0] == pytest.approx(nats.mean(), rel=1e-5)
    assert ("negative_elbo_nats" in line) == (name == "vae")
