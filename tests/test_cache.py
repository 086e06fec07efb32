"""Decoded data sets on disk: the same examples as from their files, and never a stale or a damaged one."""

import concurrent.futures
import os
import sys

import numpy as np
import pytest
import tensorflow as tf

from tests.test_data import write_images
from tfgen.data import cache, folder, load


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """A folder of pictures of two classes, an empty cache, and how often a picture was decoded."""
    monkeypatch.setenv("TFGEN_CACHE_DIR", str(tmp_path / "cache"))
    decoded = []
    decode = folder.decode
    monkeypatch.setattr(folder, "decode", lambda path: decoded.append(path) or decode(path))
    for name in ("cats", "dogs"):
        write_images(tmp_path / "pictures" / name, 30, size=(4, 4), start=100 * len(name))
    return tmp_path / "pictures", tmp_path / "cache", decoded


def everything(data):
    rows = [part.read(tf.range(part.size)) for part in data.splits.values()]
    return {name: np.concatenate([batch[name] for batch in rows]) for name in data.element_spec}


def assert_same(one, other):
    for field in ("name", "element_spec", "arguments", "class_names", "protocol", "fingerprint"):
        assert getattr(one, field) == getattr(other, field)
    assert [step.name for step in one.late] == [step.name for step in other.late]
    for (name, a), b in zip(everything(one).items(), everything(other).values(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_the_second_time_nothing_is_decoded(cached, capsys):
    pictures, where, decoded = cached
    name, transform = f"folder:{pictures}", "resize:3x2,grayscale,binarize,flip"
    plain = load(name, transform=transform)
    assert not where.exists()  # a library writes nothing unless it is asked to
    first = load(name, transform=transform, cache=True)
    (entry,) = where.iterdir()
    assert f"kept for the next run: {entry}, 0.0 MB (--nocache: not)" in capsys.readouterr().err
    decoded.clear()
    second = load(name, transform=transform, cache=True)
    assert not decoded and not capsys.readouterr().err
    assert_same(first, plain)
    assert_same(second, plain)
    other_draws = load(name, transform="resize:3x2,grayscale", cache=True)  # random transforms are not kept
    assert not decoded and other_draws.arguments["levels"] == 256


def test_what_it_is_made_of_decides(cached):
    """A changed file, another file, other transforms, other code: each is read anew, and replaces what it was."""
    pictures, where, decoded = cached
    name = f"folder:{pictures}"
    load(name, cache=True)

    def reads_anew(**options):
        decoded.clear()
        data = load(name, cache=True, **options)
        anew = len(decoded) > 0
        assert_same(data, load(name, **options))
        return anew

    assert not reads_anew()
    os.utime(pictures / "cats" / "400.png", ns=(1, 1))
    assert reads_anew() and len(list(where.iterdir())) == 1
    write_images(pictures / "cats", 1, size=(4, 4), start=999)
    assert reads_anew() and len(list(where.iterdir())) == 1
    assert reads_anew(transform="grayscale") and len(list(where.iterdir())) == 2
    assert reads_anew(skip_corrupt=True) and not reads_anew()


def test_other_code_reads_anew(cached, monkeypatch):
    pictures, _, decoded = cached
    load(f"folder:{pictures}", cache=True)
    decoded.clear()
    monkeypatch.setattr(cache, "_made_by", lambda: "another version of a reader")
    load(f"folder:{pictures}", cache=True)
    assert decoded


@pytest.mark.parametrize("damage", ["cut", "one byte", "empty"])
def test_a_damaged_file_is_made_anew(cached, capsys, damage):
    pictures, where, decoded = cached
    whole = load(f"folder:{pictures}", cache=True)
    (entry,) = where.iterdir()
    content = bytearray(entry.read_bytes())
    content[len(content) // 3] ^= 1
    entry.write_bytes({"cut": content[: len(content) // 2], "one byte": content, "empty": b""}[damage])
    decoded.clear()
    assert_same(load(f"folder:{pictures}", cache=True), whole)
    assert decoded and f"{entry} is damaged" in capsys.readouterr().err
    decoded.clear()
    assert_same(load(f"folder:{pictures}", cache=True), whole)
    assert not decoded


def test_a_cache_that_cannot_be_written_is_said_and_no_more(cached, monkeypatch, capsys):
    pictures, where, _ = cached
    where.write_text("a file where the folder would be")
    load(f"folder:{pictures}", cache=True)
    assert f"decoded data could not be kept in {where}" in capsys.readouterr().err

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setenv("TFGEN_CACHE_DIR", str(where.parent / "other"))
    monkeypatch.setattr(np, "savez", full)
    load(f"folder:{pictures}", cache=True)
    assert "No space left on device" in capsys.readouterr().err and not list((where.parent / "other").iterdir())


def test_who_reads_while_two_write_gets_a_whole_entry(tmp_path, capsys):
    path, value = tmp_path / "a-b-c.npz", np.arange(100_000)
    cache.write(path, {}, {"value": value})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        writes = [pool.submit(cache.write, path, {}, {"value": value + i}) for i in range(30)]
        while not all(write.done() for write in writes):
            read = cache.read(path)[1]["value"]
            np.testing.assert_array_equal(read - read[0], value)
    assert list(tmp_path.iterdir()) == [path] and "damaged" not in capsys.readouterr().err


def test_what_a_killed_process_left_goes_and_what_another_is_writing_stays(cached):
    pictures, where, _ = cached
    where.mkdir()
    old, new = where / "a.partial", where / "b.partial"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    load(f"folder:{pictures}", cache=True)
    assert not old.exists() and new.exists()


def test_recordings_are_kept_too(tmp_path, cached):
    from tfgen.ops.audio import write_wav

    random = np.random.default_rng(0)
    for i in range(60):
        (tmp_path / "sound").mkdir(exist_ok=True)
        write_wav(tmp_path / "sound" / f"note-{i}.wav", random.uniform(-1, 1, 60), 8000)
    name = f"audio:{tmp_path / 'sound'}"
    assert_same(load(name, transform="clip:20", cache=True), load(name, transform="clip:20"))
    assert_same(load(name, transform="clip:20", cache=True), load(name, transform="clip:20"))


def test_a_set_of_tfds_is_taken_from_the_cache_without_tfds(tmp_path, monkeypatch):
    """What stands in the folder of a set decides: a prepared set that is kept needs no import of seconds."""
    monkeypatch.setenv("TFGEN_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "mnist" / "3.0.1").mkdir(parents=True)
    (tmp_path / "mnist" / "3.0.1" / "dataset_info.json").write_text("{}")
    path = cache.path_of(["mnist", str(tmp_path / "mnist"), "", "False"], [tmp_path / "mnist/3.0.1/dataset_info.json"])
    arrays = {f"{split}/image": np.full([10, 2, 2, 1], i, np.uint8) for i, split in enumerate(("train", "test"))}
    arrays |= {f"{split}/label": np.arange(10, dtype=np.int32) for split in ("train", "test")}
    header = {
        "splits": {"train": ["image", "label"], "test": ["image", "label"]},
        "arguments": {"image_shape": [2, 2, 1], "levels": 256, "num_classes": 10},
        "class_names": [str(i) for i in range(10)],
        "protocol": "TFDS",
        "fingerprint": {},
    }
    cache.write(path, header, arrays)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)  # an import of it would now fail
    monkeypatch.delitem(sys.modules, "tfgen.data.tfds_sets", raising=False)
    data = load("mnist", data_dir=str(tmp_path), cache=True)
    assert data.arguments["image_shape"] == (2, 2, 1) and data.class_names[9] == "9"
    assert (next(iter(data.batches("test", 10)))["image"].numpy() == 1).all()
