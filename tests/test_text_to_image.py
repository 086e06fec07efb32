"""Text to image: pictures with sentences, the encoder of a text, the game of GAN-CLS, how its drawings are judged."""

import json

import numpy as np
import pytest
import tensorflow as tf

from tests.test_data import write_images
from tfgen import data
from tfgen.data import captions, scenes


@pytest.fixture(scope="module")
def made():
    return scenes.read()


def test_every_scene_is_there_and_whole(made):
    images, factors, text = made
    assert images.shape == (9600, 32, 32, 3) and len(np.unique(images.reshape(9600, -1), axis=0)) == 9600
    combinations, times = np.unique(factors, axis=0, return_counts=True)
    assert len(combinations) == 6 * 4 * 5 * 2 and set(times) == {scenes.REPEATS}
    edges = np.concatenate([images[:, [0, -1]].reshape(9600, -1, 3), images[:, :, [0, -1]].reshape(9600, -1, 3)], 1)
    assert (edges == images[:, :1, 0]).all()  # nothing is cut off
    assert len(text) == 9600 and max(map(len, text)) <= 48


def test_what_a_scene_shows_is_read_off_its_pixels(made):
    """By counting, not by the formulae that painted it: the shape is where a picture differs from its corner."""
    images, factors, _ = made
    pixels = images.astype(float)
    ink = np.abs(pixels - pixels[:, :1, :1]).max(axis=-1) > 40
    area = ink.sum(axis=(1, 2))
    value = {name: factors[:, i] for i, name in enumerate(scenes.FACTORS)}
    down, right = np.mgrid[:32, :32] + 0.5
    middle = np.stack([(ink * axis).sum(axis=(1, 2)) / area for axis in (down, right)], axis=1) - 16
    far, far_right = np.abs(middle).max(axis=1) > 3.0, np.abs(middle[:, 1]) > np.abs(middle[:, 0])
    side = np.select(
        [far & far_right & (middle[:, 1] < 0), far & far_right, far & (middle[:, 0] < 0), far], range(4), 4
    )
    np.testing.assert_array_equal(side, value["side"])
    np.testing.assert_array_equal(area > 70, value["size"] == 1)
    mean = np.einsum("nhw,nhwc->nc", ink, pixels) / area[:, None]
    bright = mean > 0.7 * mean.max(axis=1, keepdims=True)  # which of red, green and blue are lit
    lit = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "yellow": (1, 1, 0), "white": (1, 1, 1)}
    for i, name in enumerate(scenes.FACTORS["colour"]):
        assert (bright[value["colour"] == i] == lit.get(name, (1, 0, 1))).all(), name
    of_shape = {name: [] for name in scenes.FACTORS["shape"]}
    for i in np.flatnonzero(value["size"] == 1):
        rows, columns = (np.flatnonzero(ink[i].any(axis=axis)) for axis in (1, 0))
        box = ink[i, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        lower = ((box.sum(axis=1) * np.arange(len(box))).sum() / box.sum() - (len(box) - 1) / 2) / len(box)
        seen = (box.all(), lower > 0.06, box[len(box) // 5].mean() < 0.55)  # full, heavy below, narrow a fifth down
        of_shape[list(of_shape)[value["shape"][i]]].append(seen)
    wanted = {"circle": (0, 0, 0), "square": (1, 0, 0), "triangle": (0, 1, 1), "cross": (0, 0, 1)}
    for name, seen in of_shape.items():
        assert (np.array(seen) == wanted[name]).all(), name


def test_a_sentence_says_its_factors_and_no_others(made):
    _, factors, text = made
    for row in range(0, 9600, 7):
        said = text[row].decode()
        assert said == scenes.sentence(factors[row], row)
        for i, (name, values) in enumerate(scenes.FACTORS.items()):
            words = {"side": {"left", "right", "top", "bottom", "middle"}}.get(name, set(values))
            assert words & set(said.replace(",", "").split()) == {values[factors[row, i]]}
    assert len({scenes.sentence(factors[0], i) for i in range(10)}) == len(scenes.SENTENCES) == 5


def test_scenes_go_with_their_sentences_into_batches():
    loaded = data.load("scenes")
    assert loaded.arguments["text_bytes"] == 48 and loaded.limits["text"] == 49
    assert {name: split.size for name, split in loaded.splits.items()} == {
        "train": 7680,
        "validation": 960,
        "test": 960,
    }
    batch = next(iter(loaded.training_batches(64, 0)))
    assert batch["text"].dtype == tf.string
    for row, text in zip(batch["factors"].numpy(), batch["text"].numpy(), strict=True):
        assert text.decode() in {scenes.sentence(row, i) for i in range(5)}


def captioned(folder, lines, count=40, **texts):
    """A folder of pictures 000.png ..., captions.jsonl of these lines in it, and further files."""
    write_images(folder, count)
    (folder / "captions.jsonl").write_text("".join(f"{line}\n" for line in lines))
    for name, text in texts.items():
        (folder / f"{name}.txt").write_bytes(text)
    return f"captions:{folder}"


def line_of(i, caption):
    return json.dumps({"image": f"{i:03d}.png", "caption": caption})


def test_a_picture_is_an_example_with_each_of_its_captions(tmp_path):
    """Of 40 pictures 039 has two lines of text beside it, the others a line of captions.jsonl, and 000 another."""
    lines = [line_of(i, f" picture {i} ") for i in range(39)] + [line_of(0, "encore, né")]
    name = captioned(tmp_path / "a", lines, **{"039": "\ufeffone\ntwo of them, in all seventeen\n".encode()})
    for cache in (True, True):  # made, and then kept
        loaded = data.load(name, cache=cache)
        seen = {}
        for split in loaded.splits:
            for batch in loaded.batches(split, 7):
                for image, text in zip(batch["image"].numpy(), batch["text"].numpy(), strict=True):
                    seen.setdefault(image.tobytes(), []).append((split, text.decode()))
        assert len(seen) == 40 and sum(map(len, seen.values())) == 42
        assert all(len({split for split, _ in its}) == 1 for its in seen.values())
        said = sorted(tuple(text for _, text in its) for its in seen.values())
        wanted = [(f"picture {i}",) for i in range(1, 39)] + [("picture 0", "encore, né")]
        assert said == sorted([*wanted, ("one", "two of them, in all seventeen")])
        assert loaded.arguments["text_bytes"] == 32 and "40 images of a folder, 42 captions, " in loaded.protocol
    before = loaded.record
    (tmp_path / "a" / "039.txt").write_text("other words")
    assert data.load(name).record["fingerprint"] != before["fingerprint"]


def test_captions_of_a_set_that_is_read_from_disk(tmp_path, monkeypatch):
    name = captioned(tmp_path / "a", [line_of(i, f"{i} {k}") for i in range(40) for k in range(2)])
    kept = data.load(name)
    monkeypatch.setattr("tfgen.data.registry.MEMORY", 0)
    read = data.load(name)
    assert kept.splits["train"].tensors and not read.splits["train"].tensors
    for one, other in zip(kept.batches("train", 50), read.batches("train", 50), strict=True):
        for key in ("image", "label", "text"):
            np.testing.assert_array_equal(one[key], other[key])


def test_captions_stand_in_folders_that_are_splits(tmp_path):
    for split in ("train", "test"):
        captioned(tmp_path / split, [line_of(i, f"{split} {i}") for i in range(40)])
    loaded = data.load(f"captions:{tmp_path}")
    assert {text.split()[0] for batch in loaded.batches("test", 9) for text in batch["text"].numpy()} == {b"test"}
    assert loaded.splits["test"].size == 40 and loaded.splits["train"].size < 40


@pytest.mark.parametrize(
    "line, texts, said",
    [
        (None, {}, r'003\.png has no caption; give it the line \{"image": "003.png", .* or a 003.txt'),
        ('{"image": "003.png", "capt', {}, r"captions.jsonl, line 4: this is no JSON \(.* at character 22\)"),
        ('["003.png", "a bird"]', {}, "captions.jsonl, line 4: must be an object with 'image' and 'caption', both"),
        ('{"image": "003.png", "caption": 7}', {}, "captions.jsonl, line 4: must be an object with 'image' and"),
        (line_of(3, " "), {}, "captions.jsonl, line 4: the caption is empty"),
        (line_of(3, "a\0"), {}, "captions.jsonl, line 4: a caption must have no NUL in it"),
        (line_of(77, "a bird"), {}, r"captions.jsonl, line 4: there is no picture .*077\.png"),
        (None, {"003": b"a bird\n\nanother"}, "003.txt, line 2: the caption is empty"),
        (None, {"003": b"un \xe9l\xe9phant"}, "003.txt: must be UTF-8 .* at byte 3"),
    ],
)
def test_what_is_no_caption_is_named(tmp_path, line, texts, said):
    lines = [line_of(i, "a bird") for i in range(40)]
    lines[3:4] = [line] if line else []
    with pytest.raises(ValueError, match=said) as refused:
        data.load(captioned(tmp_path, lines, **texts))
    assert "\n" not in str(refused.value)


def test_a_text_of_captions_may_have_as_many_bytes_as_the_longest():
    assert captions.size([[b"a" * 16], [b"", b"a" * 3]]) == 16 and captions.size([[b"a" * 17]]) == 32
