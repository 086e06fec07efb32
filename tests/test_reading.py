"""Readers: which files of a folder are read, of what class, in which split; and what is refused with which words."""

import dataclasses
import hashlib
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.test_data import write_images
from tfgen import data
from tfgen.data import folder, names, splits
from tfgen.data.registry import DATASETS, Request
from tfgen.ops import audio
from trainers import callbacks, runner
from trainers import config as configs
from trainers.config import TrainConfig


def split_by_hand(name: str) -> str:
    remainder = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big") % 10
    return "validation" if remainder == 0 else "test" if remainder == 1 else "train"


def examples_of(loaded, key="image") -> dict[bytes, str]:
    """{example: its split}, of a set in which no two are alike."""
    found = {}
    for name, split in loaded.splits.items():
        examples = split.read(tf.range(split.size, dtype=tf.int64))[key].numpy()
        found |= dict.fromkeys((example.tobytes() for example in examples), name)
    return found


def where(root, names_of_files, loaded) -> dict[str, str]:
    """{file: the split that its pixels are in}."""
    found = examples_of(loaded)
    return {name: found[folder.decode(str(root / name)).tobytes()] for name in names_of_files}


def test_one_more_file_and_a_corrupt_one_move_no_other(tmp_path):
    write_images(tmp_path, 60)
    names_of_files = [f"{i:03d}.png" for i in range(60)]
    before = where(tmp_path, names_of_files, data.load(f"folder:{tmp_path}"))
    assert before == {name: split_by_hand(name) for name in names_of_files}
    write_images(tmp_path, 1, start=100)
    shutil.move(tmp_path / "100.png", tmp_path / "001a.png")
    (tmp_path / "000.png").write_bytes(b"no image")
    after = where(tmp_path, names_of_files[1:], data.load(f"folder:{tmp_path}", skip_corrupt=True))
    assert after == {name: before[name] for name in names_of_files[1:]}


def test_more_recordings_and_more_series_move_no_other(tmp_path):
    def recording(i):
        audio.write_wav(tmp_path / f"a_{i:02d}.wav", np.full(20, (i - 15) / 31.0), 8000)

    for i in range(30):
        recording(i)
    before = examples_of(data.load(f"audio:{tmp_path}", transform="clip:20"), "audio")
    recording(30)
    after = examples_of(data.load(f"audio:{tmp_path}", transform="clip:20"), "audio")
    assert len(before) == 30 and len(after) == 31 and before.items() <= after.items()
    values = np.random.default_rng(0).normal(size=(60, 3, 2))
    np.savez(tmp_path / "s.npz", series=values[10:50])
    before = examples_of(data.load(f"series:{tmp_path}/s.npz"), "series")
    np.savez(tmp_path / "s.npz", series=values)  # before and after those that were there
    after = examples_of(data.load(f"series:{tmp_path}/s.npz"), "series")
    assert len(before) == 40 and len(after) == 60 and before.items() <= after.items()


def test_sets_that_are_always_the_same_keep_their_splits():
    """First and last labels or values of each split, as every figure so far was measured on."""
    tones = data.load("tones", transform="clip:8")
    order = np.random.default_rng(0).permutation(1200)
    for split, rows in {"validation": order[:120], "test": order[120:240], "train": order[240:]}.items():
        (batch,) = tones.batches(split, 1200)
        np.testing.assert_array_equal(batch["label"], np.sort(rows) % 3)


def test_a_split_that_no_file_falls_to_is_said(tmp_path):
    write_images(tmp_path, 12)  # none of 000.png .. 011.png is for the test split
    with pytest.raises(ValueError, match=r"only 12 images, and none of them falls to the test split, .* give more"):
        data.load(f"folder:{tmp_path}")


def test_folders_of_splits_are_the_splits(tmp_path):
    for split, count, start in (("train", 20, 0), ("val", 5, 100), ("test", 20, 200)):
        for label in ("cats", "dogs"):
            write_images(tmp_path / split / label, count, start=start + 50 * (label == "dogs"))
    loaded = data.load(f"folder:{tmp_path}")
    assert loaded.class_names == ("cats", "dogs")
    assert {name: split.size for name, split in loaded.splits.items()} == {"train": 40, "validation": 10, "test": 40}
    assert "train = train/, validation = val/" in loaded.protocol and "test = test/" in loaded.protocol
    (batch,) = loaded.batches("test", 50)
    for image, label in zip(batch["image"].numpy(), batch["label"].numpy(), strict=True):
        of_class = (tmp_path / "test" / ("cats", "dogs")[label]).iterdir()
        assert any((folder.decode(str(path)) == image).all() for path in of_class)
    # What is missing is held out of the training folder, and moves nothing else.
    shutil.rmtree(tmp_path / "val")
    held = data.load(f"folder:{tmp_path}")
    expected = [split_by_hand(f"{path.parent.name}/{path.name}") for path in (tmp_path / "train").rglob("*.png")]
    assert held.splits["validation"].size == expected.count("validation") and held.splits["test"].size == 40
    assert held.splits["train"].size == 40 - expected.count("validation")
    (tmp_path / "test" / "dogs").rename(tmp_path / "test" / "dgos")
    with pytest.raises(ValueError, match=r"test/dgos/250.png is of class 'dgos', which no training file is"):
        data.load(f"folder:{tmp_path}")


@pytest.mark.parametrize(
    "there, message",
    [
        (["train/a", "test/a", "more/a"], r"test, train are read as splits.*beside them, but there is more/a/000.png"),
        (["val/a", "test/a"], "test, val are read as splits, of which there must be one train"),
        (["train", "val", "valid"], "train, val, valid are read as splits, of which there must be .*at most one valid"),
        (["trainA", "trainB", "testA"], "testA, trainA, trainB are two sets of pictures, not classes"),
        (["cats", "dogs", ""], "000.png lies beside folders that are classes, such as cats/; move it"),
    ],
)
def test_a_folder_that_may_mean_two_things_is_refused(tmp_path, there, message):
    for name in there:
        write_images(tmp_path / name, 1)
    with pytest.raises(ValueError, match=message):
        data.load(f"folder:{tmp_path}")


def test_a_class_may_be_called_train(tmp_path):
    for name in ("bus", "car", "train"):
        write_images(tmp_path / name, 30)
    assert data.load(f"folder:{tmp_path}").class_names == ("bus", "car", "train")


def test_links_are_followed_and_refused_where_they_lead_nowhere(tmp_path):
    write_images(tmp_path / "elsewhere", 40)
    write_images(tmp_path / "root" / "dogs", 40, start=50)
    write_images(tmp_path / "root" / ".thumbnails", 1)
    (tmp_path / "root" / "cats").symlink_to(tmp_path / "elsewhere")
    loaded = data.load(f"folder:{tmp_path}/root")
    assert loaded.class_names == ("cats", "dogs") and sum(split.size for split in loaded.splits.values()) == 80
    (tmp_path / "root" / "dogs" / "up").symlink_to(tmp_path / "root")
    with pytest.raises(ValueError, match="dogs/up: this link leads back to .*root, a folder that it lies in"):
        data.load(f"folder:{tmp_path}/root")
    (tmp_path / "root" / "dogs" / "up").unlink()
    shutil.rmtree(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="root/cats is a link to '.*elsewhere', which is not there"):
        data.load(f"folder:{tmp_path}/root")


def test_suffixes_in_capitals_are_read_and_files_left_out_are_said(tmp_path, caplog):
    for i in range(40):
        audio.write_wav(tmp_path / f"{i}.{'WAV' if i % 2 else 'wav'}", np.full(20, i / 50.0), 8000)
    (tmp_path / "x.mp3").write_bytes(b"")
    (tmp_path / "README.txt").write_text("")
    loaded = data.load(f"audio:{tmp_path}", transform="clip:20")
    assert sum(split.size for split in loaded.splits.values()) == 40
    assert "LEFT OUT 1 files such as" in caplog.text and "x.mp3" in caplog.text


def test_exif_orientation_is_applied(tmp_path):
    """The eight orientations of the EXIF standard, as turns and mirrors of numpy."""
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    shown = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: np.rot90(stored, -1),
        7: stored[::-1, ::-1].T,
        8: np.rot90(stored),
    }
    for orientation, expected in shown.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(stored).save(tmp_path / "x.png", exif=exif)
        np.testing.assert_array_equal(folder.decode(str(tmp_path / "x.png"))[..., 0], expected)


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_an_animation_is_refused_and_the_preview_of_a_camera_is_not(tmp_path, suffix):
    frames = [Image.fromarray(np.full((4, 4, 3), 100 * i, np.uint8)) for i in range(2)]
    frames[0].save(tmp_path / f"x.{suffix}", save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match=f"x.{suffix}: this image cannot be read .*an animation of 2 frames"):
        data.load(f"folder:{tmp_path}")
    frames[0].save(tmp_path / "x.jpg", "MPO", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(folder.decode(str(tmp_path / "x.jpg")), np.zeros((4, 4, 3)))


@pytest.mark.parametrize(
    "values, message",
    [
        (np.ones((40, 3, 2), np.complex64), "'series' is complex64, but must be of real numbers; real and imaginary"),
        (np.full((40, 3, 2), "a"), "'series' is str.*, but must be of real numbers"),
    ],
)
def test_series_that_are_not_of_real_numbers_are_refused(tmp_path, values, message):
    np.savez(tmp_path / "s.npz", series=values)
    with pytest.raises(ValueError, match=message):
        data.load(f"series:{tmp_path}/s.npz")


def test_a_file_that_is_no_npz_is_refused(tmp_path):
    np.save(tmp_path / "s.npy", np.zeros((40, 3, 2)))
    with pytest.raises(ValueError, match=r"s\.npy': this is no \.npz file"):
        data.load(f"series:{tmp_path}/s.npy")


def prepared(tmp_path, name, splits_of):
    """A set of TFDS written into tmp_path by the builder that TFDS has for it, of our own images, by split; image i is
    labelled i, modulo the number of labels, where there are any."""
    import tensorflow_datasets as tfds

    builder = tfds.builder(name, data_dir=str(tmp_path))
    labels = builder.info.features["label"].num_classes if "label" in builder.info.features else 0
    builder._split_generators = lambda _: {  # nothing can be downloaded here
        split: ((i, {"image": image} | ({"label": i % labels} if labels else {})) for i, image in enumerate(images))
        for split, images in splits_of.items()
    }
    builder.download_and_prepare()


def test_a_set_of_tfds_in_memory_is_what_was_written(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 28, 28, 1), np.uint8)
    prepared(tmp_path, "mnist", dict.fromkeys(("train", "test"), pixels))
    loaded = data.load("mnist", data_dir=str(tmp_path))
    assert {name: split.size for name, split in loaded.splits.items()} == {"train": 18, "validation": 2, "test": 20}
    label_of = {image.tobytes(): i % 10 for i, image in enumerate(pixels)}
    for split in loaded.splits.values():
        batch = split.read(tf.range(split.size, dtype=tf.int64))
        for image, label in zip(batch["image"].numpy(), batch["label"].numpy(), strict=True):
            assert label_of[image.tobytes()] == label
    assert len(examples_of(loaded)) == 20
    assert loaded.record["fingerprint"]["validation"] == "2 examples (mnist/3.0.1 train[90%:100%])"
    assert "validation = train[90%:100%]" in loaded.protocol


def test_binarized_mnist_has_two_levels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 2, (20, 28, 28, 1), np.uint8)
    prepared(tmp_path, "binarized_mnist", dict.fromkeys(("train", "validation", "test"), pixels))
    loaded = data.load("binarized_mnist", data_dir=str(tmp_path))
    assert loaded.arguments["levels"] == 2 and loaded.splits["test"].size == 20
    with pytest.raises(ValueError, match="transforms: 'binarize': the images have two levels already"):
        data.load("binarized_mnist", data_dir=str(tmp_path), transform="binarize")


def test_a_set_of_two_domains_is_read_as_two_heaps(tmp_path):
    """Of one heap are bright pictures, of the other dark ones, each split 90 to 10 where there is no validation."""
    heaps = {"A": np.full((20, 4, 4, 3), 200, np.uint8), "B": np.full((10, 4, 4, 3), 20, np.uint8)}
    prepared(tmp_path, "cycle_gan", {f"{split}{side}": heaps[side] for split in ("train", "test") for side in "AB"})
    loaded = data.load("cycle_gan", data_dir=str(tmp_path), transform="resize:8,flip")
    assert {name: split.size for name, split in loaded.splits.items()} == {"train": 9, "validation": 1, "test": 10}
    assert "trainA[:90%]" in loaded.protocol and "testB" in loaded.fingerprint["b test"]
    for batch in (next(iter(loaded.batches("test", 4))), next(iter(loaded.training_batches(4, 0)))):
        assert set(batch) == {"a", "b"} and (batch["a"].numpy() == 200).all() and (batch["b"].numpy() == 20).all()
    assert loaded.arguments["image_shape"] == (8, 8, 3) and not loaded.aligned


@pytest.mark.parametrize(
    "name, message",
    [
        ("mnist:9.9.9", "TFDS does not take it: .*9.9.9"),
        ("mnist/foo", "TFDS does not take it: .*BuilderConfig foo"),
        ("mnits", r"no such data set \(did you mean 'mnist'"),
    ],
)
def test_what_tfds_does_not_take_is_one_sentence(tfds_dir, name, message):
    with pytest.raises(ValueError, match=message) as refused:
        data.load(name, data_dir=tfds_dir)
    assert "\n" not in str(refused.value) and refused.value.args[0].startswith(f"dataset={name!r}: ")


@pytest.mark.parametrize(
    "name, meant",
    [
        ("/path/faces", "folder:/path/faces"),
        ("~/faces", "folder:~/faces"),
        ("/data/s.npz", "series:/data/s.npz' or 'points:/data/s.npz"),
        ("foldr:/data/faces", "folder:/data/faces"),
        ("pictures:/data/faces", "folder:/data/faces"),
        ("fashion-mnist", "fashion_mnist"),
        ("CIFAR-10", "cifar10"),
        ("mnist:latest", "mnist"),
    ],
)
def test_what_was_meant_by_a_name_that_is_none(name, meant):
    with pytest.raises(ValueError) as refused:
        names.check(name)
    assert str(refused.value).startswith(f"dataset={name!r}: there is no such data set (did you mean '{meant}'?); ")


def test_a_reader_receives_all_that_was_asked(monkeypatch):
    asked = []
    monkeypatch.setitem(DATASETS, "folder", lambda request: asked.append(request) or data.load("tones"))
    data.load("folder:x", "/data", "flip", True)
    assert asked == [Request("folder:x", "/data", "flip", True)] and asked[0].path == "x"


def test_names_that_there_are(tmp_path):
    for name in ("digits", "tones", "pendulum", "ring", "folder:x", "audio:/y", "mnist", "MNIST", "lsun/bedroom:3.1.0"):
        names.check(name)
    assert set(DATASETS) == {*names.EMBEDDED, *names.INSTALLED, *names.PREFIXES}
    audio.write_wav(tmp_path / "a.wav", np.zeros(9), 8000)
    with pytest.raises(ValueError, match=f"did you mean 'audio:{tmp_path}'"):
        names.check(str(tmp_path))


def test_a_validation_split_of_few_gives_a_whole_sheet_of_pictures(tmp_path):
    """Every signature is asked for as many rows as pictures are drawn, reconstructions of a small folder too."""
    loaded = data.load("digits")
    few = dataclasses.replace(loaded.splits["validation"], size=5)
    small = dataclasses.replace(loaded, splits={**loaded.splits, "validation": few})
    batch = callbacks.Pictures(tmp_path, small, None)._batch
    (own,) = loaded.batches("validation", 5, limit=5)
    for name in ("image", "label"):
        np.testing.assert_array_equal(batch[name], own[name].numpy()[np.arange(32) % 5])


def test_a_run_does_not_go_on_with_other_data(tmp_path):
    """A work directory as a run leaves it, and one more file in its folder."""
    write_images(tmp_path / "faces", 40)
    config = TrainConfig(model="vae", dataset=f"folder:{tmp_path}/faces", workdir=str(tmp_path / "run"), cache=False)
    loaded = runner.load_data(dataclasses.asdict(config))
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "step-4.index").touch()
    arguments = runner.model_arguments(config, loaded)
    configs.write(tmp_path / "run" / "config.json", config, arguments, loaded.record, [])
    write_images(tmp_path / "faces", 1, start=48)
    with pytest.raises(ValueError, match=r"the data is not what it was: test is 5 exam.* was 4 .*another --workdir"):
        runner.run(config)


def test_a_fingerprint_says_which_split_changed(tmp_path):
    write_images(tmp_path / "a" / "cats", 40)
    before = data.load(f"folder:{tmp_path}/a").record
    before = json.loads(json.dumps(before))  # as config.json keeps it
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    assert splits.difference(before, data.load(f"folder:{tmp_path}/b").record) == ""
    write_images(tmp_path / "b" / "cats", 1, start=46)
    assert split_by_hand("cats/046.png") == "test"
    said = splits.difference(before, data.load(f"folder:{tmp_path}/b").record)
    count = sum(split_by_hand(f"cats/{i:03d}.png") == "test" for i in range(40))
    assert f"test is {count + 1} examples (sha256 " in said and f", and was {count} examples (sha256 " in said
    assert "train is" not in said and "validation is" not in said
    shutil.move(tmp_path / "a" / "cats" / "000.png", tmp_path / "a" / "cats" / "000b.png")
    assert "train is" in splits.difference(before, data.load(f"folder:{tmp_path}/a").record)
    old = {"protocol": "40 images of a folder, shuffled once"}
    assert "its protocol is '40 images" in splits.difference(old, before)
