"""Data sets: what arrives, in what order, and what is refused with which words."""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy import stats

from tests.test_zoo import fresh
from tfgen import zoo
from tfgen.data import examples, load, transforms
from tfgen.data.folder import decode
from trainers import runner
from trainers.config import TrainConfig


def write_images(folder, count=12, size=(9, 7), mode="RGB", suffix="png", start=0):
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(start)
    channels = {"RGB": (3,), "L": ()}[mode]
    for i in range(count):
        pixels = rng.integers(0, 256, (*size, *channels), np.uint8)
        Image.fromarray(pixels).save(
            folder / f"{start + i:03d}.{suffix}", **({"lossless": True} if suffix == "webp" else {})
        )


def test_digits_and_their_splits():
    data = load("digits")
    assert data.arguments["image_shape"] == (8, 8, 1) and data.arguments["levels"] == 17 and len(data.class_names) == 10
    assert {name: split.size for name, split in data.splits.items()} == {"train": 1000, "validation": 350, "test": 447}
    batch = next(iter(data.batches("test", 447)))
    assert batch["image"].dtype == tf.uint8 and batch["label"].dtype == tf.int32
    assert set(np.unique(batch["image"])) <= set(range(17)) and set(np.unique(batch["label"])) == set(range(10))
    # The first image of scikit-learn's set opens the training split, as it stands there.
    from sklearn.datasets import load_digits

    first = data.splits["train"].read(tf.constant([0], tf.int64))
    np.testing.assert_array_equal(first["image"][0, :, :, 0], load_digits().images[0])


def test_an_epoch_shows_every_example_once_in_another_order_each_time():
    data = load("digits")
    batches = list(data.training_batches(100, seed=3).take(20))
    epochs = [
        np.concatenate([batch["image"].numpy().reshape(100, 64) for batch in part])
        for part in (batches[:10], batches[10:])
    ]
    everything = np.sort(
        data.splits["train"].read(tf.range(1000, dtype=tf.int64))["image"].numpy().reshape(1000, 64), axis=0
    )
    for epoch in epochs:
        np.testing.assert_array_equal(np.sort(epoch, axis=0), everything)
    assert (epochs[0] != epochs[1]).any()
    again = next(iter(data.training_batches(100, seed=3)))
    np.testing.assert_array_equal(again["image"], batches[0]["image"])
    other = next(iter(data.training_batches(100, seed=4)))
    assert (other["image"].numpy() != batches[0]["image"].numpy()).any()


def test_the_position_is_the_step():
    """Batches from step 7 on are the 7th and later of those from step 0 on, noise included."""
    data = load("digits", transform="binarize,flip")
    whole = list(data.training_batches(300, seed=1).take(10))
    rest = list(data.training_batches(300, seed=1, start_step=7).take(3))
    for one, other in zip(whole[7:], rest, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
        np.testing.assert_array_equal(one["label"], other["label"])


@pytest.mark.parametrize("workers, replicas", [(1, 2), (2, 1), (2, 2)])
def test_workers_and_replicas_share_a_step_out(workers, replicas):
    """The examples and their noise are those of one replica, over the end of an epoch."""
    data = load("digits", transform="binarize,flip")
    whole = [batch["image"].numpy() for batch in data.training_batches(80, seed=5, start_step=11).take(2)]
    shares = []
    for worker in range(workers):
        context = tf.distribute.InputContext(workers, worker, workers * replicas)
        batches = data.training_batches(80, seed=5, start_step=11, context=context).take(2 * replicas)
        shares.append([batch["image"].numpy() for batch in batches])
    for step in range(2):
        dealt = [share for worker in shares for share in worker[step * replicas : (step + 1) * replicas]]
        np.testing.assert_array_equal(np.concatenate(dealt), whole[step])


def test_there_are_as_many_orders_as_seeds_and_epochs():
    """Orders of 20: 2,000 of 20! agree by chance with probability below 1e-12; the first number is uniform over all."""
    seeds = tf.data.Dataset.range(1000).map(lambda seed: examples.shuffled(20, seed, 0))
    epochs = tf.data.Dataset.range(1, 1000).map(lambda epoch: examples.shuffled(20, 0, epoch))
    orders = next(seeds.concatenate(epochs).batch(1999).as_numpy_iterator())
    assert len({tuple(row) for row in orders}) == 1999
    np.testing.assert_array_equal(np.sort(orders, axis=1), np.broadcast_to(np.arange(20), (1999, 20)))
    for place in (0, 10, 19):
        assert stats.chisquare(np.bincount(orders[:, place], minlength=20)).pvalue > 1e-3


def images_of(**pictures):
    """Examples of uint8 pictures [N, H, W, C] by name, all of one split; their random transforms are to be given."""
    count = len(next(iter(pictures.values())))
    tensors = {name: tf.constant(array) for name, array in pictures.items()} | {"number": tf.range(count)}
    split = examples.Split(count, lambda i: {name: tf.gather(tensor, i) for name, tensor in tensors.items()})
    spec = {name: tf.TensorSpec([None, *tensor.shape[1:]], tensor.dtype) for name, tensor in tensors.items()}
    splits = {"train": split, "validation": split, "test": split}
    return functools.partial(examples.Examples, "numbered", spec, {"levels": 256}, (), splits, "")


def test_epoch_256_is_not_epoch_0_and_seed_256_not_seed_0():
    data = images_of(image=np.zeros((50, 1, 1, 1), np.uint8))()

    def numbers(seed, epoch):
        return next(iter(data.training_batches(50, seed, start_step=epoch)))["number"].numpy()

    assert (numbers(0, 0) != numbers(0, 256)).any() and (numbers(0, 0) != numbers(256, 0)).any()


def test_binarisation_is_dynamic_bernoulli():
    """Of 2,000 draws of one image each pixel is on in value / 16 of them, to five standard errors."""
    data = load("digits", transform="binarize")
    assert data.arguments["levels"] == 2
    source = load("digits").splits["train"].read(tf.constant([0], tf.int64))["image"].numpy()
    one = images_of(image=np.repeat(source, 500, axis=0))(late=data.late)
    # Over four epochs: no two rows and no two steps are drawn alike.
    draws = np.concatenate([batch["image"] for batch in one.training_batches(100, seed=0).take(20)])
    assert set(np.unique(draws)) == {0, 1} and len({draw.tobytes() for draw in draws}) > 1980
    p = source[0] / 16
    np.testing.assert_array_less(np.abs(draws.mean(0) - p), 5 * np.sqrt(p * (1 - p) / 2000) + 1e-9)


def test_in_an_evaluation_an_example_is_drawn_alike_whatever_its_batch():
    data = load("digits", transform="binarize")

    def drawn(size, seed=0, limit=None):
        return np.concatenate([batch["image"] for batch in data.batches("test", size, seed, limit)])

    whole = drawn(447)
    assert len({image.tobytes() for image in whole}) > 440
    for other in (drawn(50), drawn(100), drawn(7, limit=447)):
        np.testing.assert_array_equal(whole, other)
    np.testing.assert_array_equal(whole[:30], drawn(20, limit=30))
    assert (whole != drawn(447, seed=1)).any()


def test_flip_mirrors_half_of_the_training_pictures_and_no_other():
    source = np.random.default_rng(0).integers(0, 256, (400, 2, 3, 1), np.uint8)
    data = images_of(image=source)(late=(transforms.flip(),))
    batch = next(iter(data.training_batches(400, seed=0)))
    expected, image = source[batch["number"].numpy()], batch["image"].numpy()
    mirrored = (image == expected[:, :, ::-1]).all((1, 2, 3))
    assert (mirrored | (image == expected).all((1, 2, 3))).all() and 0.4 < mirrored.mean() < 0.6
    for split in ("validation", "test"):
        np.testing.assert_array_equal(next(iter(data.batches(split, 400)))["image"], source)


def test_the_pictures_of_an_example_are_augmented_alike_and_binarised_apart():
    source = np.random.default_rng(0).integers(0, 256, (300, 2, 5, 1), np.uint8)
    data = images_of(image=source, source=255 - source)(late=(transforms.flip(),))
    batch = next(iter(data.training_batches(300, seed=0)))
    np.testing.assert_array_equal(batch["image"], 255 - batch["source"].numpy())
    gray = np.full((300, 4, 4, 1), 128, np.uint8)
    data = images_of(image=gray, source=gray)(late=(transforms.binarize(256),))
    for batches in (data.training_batches(300, seed=0), data.batches("test", 300)):
        batch = next(iter(batches))
        # Of 4,800 pairs of fair coins half agree, to five standard errors.
        assert abs((batch["image"].numpy() == batch["source"].numpy()).mean() - 0.5) < 5 * 0.5 / np.sqrt(4800)


def test_transforms_against_values_written_by_hand(tmp_path):
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[:2, :, 0], pixels[2:, :, 1] = 255, 255
    for i in range(10):
        tmp_path.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")

    def image(transform):
        return next(iter(load(f"folder:{tmp_path}", transform=transform).batches("test", 1)))["image"][0].numpy()

    np.testing.assert_array_equal(image(""), pixels)
    np.testing.assert_array_equal(image("grayscale")[:, 0, 0], [76, 76, 150, 150])  # 0.299 and 0.587 of 255
    np.testing.assert_array_equal(image("crop:2x4")[:, 0], [[255, 0, 0], [0, 255, 0]])
    assert image("resize:2").shape == (2, 2, 3) and image("resize:3x5,grayscale,color").shape == (3, 5, 3)


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_a_folder_with_classes(tmp_path, suffix):
    write_images(tmp_path / "cats", 12, suffix=suffix)
    write_images(tmp_path / "dogs", 18, suffix=suffix, start=50)
    (tmp_path / "dogs" / "notes.txt").write_text("not an image")
    data = load(f"folder:{tmp_path}")
    assert (
        data.class_names == ("cats", "dogs")
        and data.arguments["image_shape"] == (9, 7, 3)
        and data.arguments["levels"] == 256
    )
    assert sum(split.size for split in data.splits.values()) == 30
    seen = {}
    for split in data.splits:
        for batch in data.batches(split, 5):
            for image, label in zip(batch["image"].numpy(), batch["label"].numpy(), strict=True):
                seen[image.tobytes()] = label
    for name, label in (("cats", 0), ("dogs", 1)):
        for path in (tmp_path / name).glob(f"*.{suffix}"):
            assert seen.pop(decode(str(path)).tobytes()) == label
    assert not seen  # the splits are the folder, each image once


def test_a_folder_larger_than_memory_reads_the_same(tmp_path, monkeypatch):
    write_images(tmp_path, 20)
    small = list(load(f"folder:{tmp_path}").training_batches(8, seed=1).take(3))
    monkeypatch.setattr("tfgen.data.registry.MEMORY", 0)
    large = list(load(f"folder:{tmp_path}").training_batches(8, seed=1).take(3))
    for one, other in zip(small, large, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])


def test_a_corrupt_file_is_named_and_left_out_only_if_told(tmp_path):
    write_images(tmp_path, 20)
    whole = (tmp_path / "003.png").read_bytes()
    (tmp_path / "003.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"003\.png: this image cannot be read .*--skip_corrupt"):
        load(f"folder:{tmp_path}")
    data = load(f"folder:{tmp_path}", skip_corrupt=True)
    assert sum(split.size for split in data.splits.values()) == 19


def test_mixed_channels_and_sizes_are_refused_with_the_remedy(tmp_path):
    write_images(tmp_path / "a", 16)
    write_images(tmp_path / "b", 6, mode="L", start=20)
    with pytest.raises(
        ValueError, match=r"b/020\.png: shape \(9, 7, 1\), but .*a/000\.png has \(9, 7, 3\).*grayscale or color"
    ):
        load(f"folder:{tmp_path}")
    assert load(f"folder:{tmp_path}", transform="grayscale").arguments["image_shape"] == (9, 7, 1)
    write_images(tmp_path / "c", 6, size=(5, 5), start=40)
    with pytest.raises(ValueError, match="resize:SIDE"):
        load(f"folder:{tmp_path}", transform="color")
    assert load(f"folder:{tmp_path}", transform="resize:8,color").arguments["image_shape"] == (8, 8, 3)


@pytest.mark.parametrize(
    "name, transform, message",
    [
        ("folder:/nowhere", "", "there is no such folder"),
        ("folder:", "", "give the folder, like folder:/data/pictures"),
        ("digits", "blur", "'blur' is not known; there are resize:SIDE"),
        ("digits", "resize", "'resize' needs a size in pixels, like resize:32"),
        ("digits", "crop:99", "crop:99x99 is larger than a 8x8 image"),
        ("digits", "flip,grayscale", "'grayscale' must come before the random transforms"),
        (
            "mnits",
            "",
            "dataset='mnits': there is no such data set .*did you mean .*mnist.*'digits', 'factors', 'letters'",
        ),
        ("imdb_reviews", "", "dataset='imdb_reviews': this TFDS set has no image and no sound"),
    ],
)
def test_bad_names_are_answered_with_what_there_is(name, transform, message):
    with pytest.raises(ValueError, match=message):
        load(name, transform=transform)


def test_an_empty_folder_and_a_tiny_one(tmp_path):
    with pytest.raises(ValueError, match="no file in it ends in .png"):
        load(f"folder:{tmp_path}")
    write_images(tmp_path, 3)
    with pytest.raises(ValueError, match="only 3 images, and none of them falls to the test split"):
        load(f"folder:{tmp_path}")


def test_batch_larger_than_the_data():
    with pytest.raises(ValueError, match="batch_size=2000: digits has only 1000 training examples"):
        load("digits").training_batches(2000, seed=0)


def test_a_data_set_that_does_not_fit_the_model_is_refused():
    model = fresh("dcgan")  # (8, 8, 1), 5 levels
    with pytest.raises(
        ValueError,
        match=r"image: the data set gives uint8 \(9, 7, 3\) per example, but DCGAN was built for uint8 \(8, 8, 1\)",
    ):
        model.check({"image": tf.TensorSpec([None, 9, 7, 3], tf.uint8)}, {"image": 5})
    with pytest.raises(ValueError, match="levels: the data set has images of 17 levels, but DCGAN was built for 5"):
        model.check(load("digits").element_spec, {"image": 17})
    with pytest.raises(ValueError, match=r"the data set gives \['text'\], but DCGAN needs 'image'"):
        model.check({"text": tf.TensorSpec([None], tf.string)}, {"image": 5})


def test_labels_beyond_those_of_a_conditional_model_are_refused():
    data = load("digits", transform="binarize,flip")
    arguments = {"image_shape": (8, 8, 1), "levels": 2, "width": 4, "depth": 1, "head_width": 4, "conditional": True}
    with pytest.raises(ValueError, match="num_classes: the data set has 10 classes, but GatedPixelCNN was built for 4"):
        zoo.create("gated_pixel_cnn", **arguments, num_classes=4).check(data.element_spec, data.limits)
    zoo.create("gated_pixel_cnn", **arguments, num_classes=10).check(data.element_spec, data.limits)


def test_sixteen_bit_images_are_refused_rather_than_clipped(tmp_path):
    for i in range(10):
        Image.fromarray(np.full((4, 4), 1000 * i, np.uint16)).save(tmp_path / f"{i}.png")
    with pytest.raises(ValueError, match="pixels of mode 'I;16' are not supported; save it as 8-bit"):
        load(f"folder:{tmp_path}")


@pytest.mark.parametrize(
    "name, shape, train, test", [("mnist", (28, 28, 1), 54_000, 10_000), ("cifar10", (32, 32, 3), 45_000, 10_000)]
)
def test_tfds_by_name(tfds_dir, monkeypatch, name, shape, train, test):
    monkeypatch.setattr("tfgen.data.registry.MEMORY", 0)  # seconds less; tests/test_reading.py reads into memory
    data = load(name, data_dir=tfds_dir)
    assert data.arguments["image_shape"] == shape and data.arguments["levels"] == 256 and len(data.class_names) == 10
    assert data.splits["train"].size == train and data.splits["test"].size == test
    import tensorflow_datasets as tfds

    first = next(iter(tfds.load(name, data_dir=tfds_dir, split="test", download=False).take(1)))
    mine = next(iter(data.batches("test", 1)))
    np.testing.assert_array_equal(mine["image"][0], first["image"])
    assert int(mine["label"][0]) == int(first["label"])


def test_a_tfds_set_larger_than_memory_is_streamed(tfds_dir, monkeypatch):
    monkeypatch.setattr("tfgen.data.registry.MEMORY", 0)
    monkeypatch.setattr("tfgen.data.registry.SHUFFLE_BUFFER", 500)
    data = load("mnist", data_dir=tfds_dir, transform="resize:14,binarize")
    whole = list(data.training_batches(50, seed=1).take(5))
    rest = list(data.training_batches(50, seed=1, start_step=3).take(2))
    for one, other in zip(whole[3:], rest, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
    assert whole[0]["image"].shape == (50, 14, 14, 1) and tf.reduce_max(whole[0]["image"]) == 1
    assert sum(len(batch["label"]) for batch in data.batches("validation", 500, limit=1200)) == 1200


def test_two_sets_side_by_side_have_orders_and_noise_of_their_own(tmp_path):
    write_images(tmp_path, 60, size=(8, 8), mode="L")
    name = f"zip:a=digits,b=digits,c=folder:{tmp_path}"
    with pytest.raises(ValueError, match=r"levels is 17 in a and 256 in c, but must be one"):
        load(name)
    data = load(name, transform="binarize")
    single = load("digits", transform="binarize")
    assert set(data.element_spec) == set(data.limits) - {"label"} == {"a", "b", "c"} and data.limits["c"] == 2
    assert data.arguments == {"image_shape": (8, 8, 1), "levels": 2}
    assert single.protocol in data.protocol and "images of a folder" in data.protocol
    assert data.fingerprint["b test"] == single.fingerprint["test"] and "c train" in data.fingerprint
    whole = list(data.training_batches(30, seed=1).take(6))
    for one, other in zip(whole, single.training_batches(30, seed=1), strict=False):
        np.testing.assert_array_equal(one["a"], other["image"])  # the first is as it is alone
    # In the order of another seed: the pictures of b, before binarisation, are not those of a.
    order = examples.shuffled(1000, 1, 0)[:30].numpy()
    assert (order != examples.shuffled(1000, 1 + (1 << 32), 0)[:30].numpy()).mean() > 0.9
    assert (whole[0]["a"].numpy() != whole[0]["b"].numpy()).any((1, 2, 3)).all()
    rest = list(data.training_batches(30, seed=1, start_step=4).take(2))
    for one, other in zip(whole[4:], rest, strict=True):
        for key in data.element_spec:
            np.testing.assert_array_equal(one[key], other[key])
    # Validation is as long as the shortest.
    assert data.splits["test"].size == sum(len(batch["a"]) for batch in data.batches("test", 2)) < 447
    test = np.concatenate([batch["c"] for batch in data.batches("test", 2)])
    assert len(test) == data.splits["test"].size


def test_fake_pictures_are_as_asked_and_always_the_same():
    one, other = (load("fake:6x9x3,levels=5,classes=4,captions=1,examples=100") for _ in range(2))
    assert one.arguments["image_shape"] == (6, 9, 3) and one.arguments["levels"] == 5 and len(one.class_names) == 4
    batches = [next(iter(each.batches("train", 80))) for each in (one, other)]
    for name, value in batches[0].items():
        np.testing.assert_array_equal(value, batches[1][name])
    image = batches[0]["image"].numpy()
    assert set(np.unique(image)) == set(range(5)) and len(np.unique(image, axis=0)) == 80
    labels = batches[0]["label"].numpy()
    assert [f"a picture of class {label}".encode() for label in labels] == batches[0]["text"].numpy().tolist()


@pytest.mark.parametrize(
    "name, message",
    [
        ("fake:", "give a shape, like fake:64x64x3,classes=10,captions=1"),
        ("fake:64", "'64' is no height, width and 1 or 3 channels"),
        ("fake:8x8x3,colors=3", "colors=3 is none of levels, classes, captions, examples"),
        ("fake:8x8x3,classes=1", "2 to 256 levels, no class or two, 20 examples or more"),
        ("fake:4096x4096x3", "more than a gigabyte"),
        ("zip:", "give two sets or more with a name for each, like zip:a=mnist,b=fashion_mnist"),
        ("zip:mnist,cifar10", "give two sets or more with a name for each"),
        ("zip:a=digits", "give two sets or more"),
        ("zip:a=digits,a=digits", "give two sets or more"),
        ("zip:a=digits,b=zip:c=digits,d=digits", "give two sets or more"),
        ("zip:a=digits,b=folder:", "dataset='folder:': give the folder"),
        ("zip:a=digits,b=fashion-mnist", "dataset='fashion-mnist': .*did you mean 'fashion_mnist'"),
        ("zip:a=pendulum,b=digits", "of pendulum, series, action would both be 'a'"),
        ("zip:a=digits,b=tones", "image_shape is .8, 8, 1. in a and None in b"),
    ],
)
def test_bad_names_of_several_sets(name, message):
    with pytest.raises(ValueError, match=message):
        load(name)


@pytest.mark.slow
def test_a_model_of_two_sets_trains_on_them():
    """By the way of a trainer: the data by name, the model's arguments from it, its check, and steps."""
    config = TrainConfig(
        model="cycle_gan",
        dataset="zip:a=digits,b=digits",
        transforms="flip",
        batch_size=20,
        learning_rate=0.002,
        workdir="-",
        hparams={"width": 3, "blocks": 1, "patch_halvings": 1},
    )
    data = runner.load_data(dataclasses.asdict(config))
    model = runner.build(config, data, tf.distribute.get_strategy())
    assert model.shape == (8, 8, 1) and model.levels == 17
    fit = model.fit(data.training_batches(20, 0), steps_per_epoch=30, epochs=2, verbose=0).history
    assert fit["cycle_a"][1] < fit["cycle_a"][0] and fit["cycle_b"][1] < fit["cycle_b"][0]
    answer = model.signatures()["a_to_b"].function(a=next(iter(data.batches("test", 5)))["a"])["image"]
    assert answer.shape == (5, 8, 8, 1) and int(tf.reduce_max(answer)) < 17
    with pytest.raises(ValueError, match=r"the data set gives \['image', 'label'\], but CycleGAN needs 'a'"):
        model.check(load("digits").element_spec, {})


def test_three_gray_pictures_are_the_colours_of_one():
    data, base = load("stacked:digits"), load("digits")
    assert data.arguments == {"image_shape": (8, 8, 3), "levels": 17, "num_classes": 1000}
    assert data.class_names[735] == "7 3 5" and data.stack_of.name == "digits"
    parts = {split: next(iter(data.batches(split, 2000))) for split in ("train", "test")}
    given = {split: next(iter(base.batches(split, 2000))) for split in parts}
    for split, batch in parts.items():
        known = {image.tobytes(): label for image, label in zip(*map(np.array, given[split].values()), strict=True)}
        digits = []
        for color in range(3):
            colors = batch["image"].numpy()[..., color : color + 1]
            digits.append([known[image.tobytes()] for image in colors])
            assert len({image.tobytes() for image in colors}) == len(known)  # each picture once
        np.testing.assert_array_equal(np.array([100, 10, 1]) @ digits, batch["label"])
        assert np.mean(np.equal(digits[0], digits[1])) < 0.2  # orders of their own
    again = next(iter(load("stacked:digits").batches("test", 2000)))
    np.testing.assert_array_equal(again["image"], parts["test"]["image"])
    for name, message in (("stacked:", "like stacked:mnist"), ("stacked:ring", "must be of gray pictures with labels")):
        with pytest.raises(ValueError, match=message):
            load(name)
