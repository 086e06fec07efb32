"""Text to image: pictures with sentences, the encoder of a text, the game of GAN-CLS, how its drawings are judged."""

import dataclasses
import json
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from export import saved_model
from tests.test_data import write_images
from tfgen import data, zoo
from tfgen.data import captions, registry, scenes
from tfgen.layers.text import TextEncoder, bytes_of
from tfgen.metrics import conditioning
from tfgen.ops import images, replicas, seeds
from tfgen.studies import table
from tfgen.studies.needs import offered
from tfgen.studies.settings import Settings
from trainers import classifier, measures, pictures, stand_ins, strategies


@pytest.fixture(scope="module")
def made():
    return scenes.read()


def test_every_scene_is_there_and_whole_in_no_order(made):
    images, factors, text = made
    assert images.shape == (9600, 32, 32, 3) and len(np.unique(images.reshape(9600, -1), axis=0)) == 9600
    combinations, times = np.unique(factors, axis=0, return_counts=True)
    assert len(combinations) == 6 * 4 * 5 * 2 and set(times) == {scenes.REPEATS}
    assert all(abs(np.corrcoef(factors[:, i], np.arange(9600))[0, 1]) < 0.05 for i in range(4))  # in no order
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
    np.testing.assert_array_equal(area > 66, value["size"] == 1)
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


def test_an_encoder_reads_a_text_and_nothing_after_it():
    """Against loops over the bytes of each text alone: one shorter than a kernel, one that fills its room, and none."""
    keras.utils.set_random_seed(0)
    encoder = TextEncoder(width=3, depth=2, outputs=4)
    texts = [b"a bird", b"no", b"", b"seventeen letters", "né".encode()]
    found = encoder(*bytes_of(tf.constant(texts), 17)).numpy()
    table = encoder.table.kernel.numpy()
    for text, embedding in zip(texts, found, strict=True):
        x = table[[*text]].reshape([-1, 3]) if text else np.zeros([0, 3])
        for conv in encoder.convs:
            kernel, bias = conv.kernel.numpy(), conv.bias.numpy()
            y = np.tile(bias, [len(x), 1])
            for at in range(len(x)):
                for tap in range(5):
                    if 0 <= at + tap - 2 < len(x):
                        y[at] += x[at + tap - 2] @ kernel[tap]
            x = np.maximum(y, 0.0)
        largest = x.max(axis=0) if len(x) else np.zeros(3)
        wanted = largest @ encoder.head.kernel.numpy() + encoder.head.bias.numpy()
        np.testing.assert_allclose(embedding, wanted, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(encoder(*bytes_of(tf.constant([text]), 40))[0], wanted, rtol=1e-4, atol=1e-6)
    assert len(np.unique(found.round(5), axis=0)) == 5


def test_what_counts_in_a_text():
    codes, length = bytes_of(tf.constant([" A Bird\n", "a bird", "a birdcage", "né"]), 6)
    np.testing.assert_array_equal(codes[:3], [list(b"a bird")] * 3)
    np.testing.assert_array_equal(codes[3], [*"né".encode(), 0, 0, 0])
    np.testing.assert_array_equal(length, [6, 6, 6, 3])


def test_the_next_row_of_the_last_is_the_first():
    np.testing.assert_array_equal(replicas.next_rows(tf.constant([[1], [2], [3]])), [[2], [3], [1]])


ARGUMENTS = {"image_shape": (8, 8, 3), "levels": 5, "text_bytes": 16, "text_dim": 4, "text_width": 6, "width": 4}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    model = zoo.build("gan_cls", **ARGUMENTS, latent_dim=3, interpolation=0.5, matching=0.25)
    for i, variable in enumerate(model.trainable_variables):  # biases are no longer zero
        variable.assign_add(0.2 * tf.random.stateless_normal(variable.shape, [5, i]))
    return model


def of_one(model, text, latents):
    """phi(t) and G(z, phi(t)) of one text, by itself; of two texts the middle between their embeddings."""
    embedding = np.mean([model.embed(tf.constant([one]))[0] for one in text], axis=0)[None]
    return embedding, model.pixels(latents[None], embedding)


def logit_of(model, pixels, embedding):
    features = model.looks(pixels).numpy()
    planes = np.ones([*features.shape[:3], 1]) * model.asked(embedding).numpy()[:, None, None]
    return model.judges(np.concatenate([features, planes], axis=-1)).numpy().item()


def not_its_own(model, pixels, embeddings, i):
    """-ln P(text i | picture), of all texts."""
    scores = embeddings @ model.seen(model.looks(pixels)).numpy()[0]
    return np.log(np.exp(scores).sum()) - scores[i]


def test_what_the_players_of_gan_cls_minimise(model):
    """Algorithm 1 and equation 5 of Reed et al., and the texts' softmax, one example after another."""
    texts = [b"red", b"a blue bird", b"", b"green", b"red"]
    batch = {"image": tf.constant(np.random.default_rng(0).integers(0, 5, (5, 8, 8, 3)), tf.uint8)}
    batch |= {"text": tf.constant(texts)}
    seed = seeds.seed_rows(5, 3)
    own, first, last = (seeds.normal(rows, [3]).numpy() for rows in (seed, *seeds.split(seed, 2)))
    embeddings, discriminator, generator = model.embed(batch["text"]).numpy(), [], []
    for i, text in enumerate(texts):
        other, real = texts[(i + 1) % 5], batch["image"][i : i + 1].numpy() / 2.0 - 1.0
        embedding, fake = of_one(model, [text], own[i])
        refused = logit_of(model, real, of_one(model, [other], own[i])[0]), logit_of(model, fake, embedding)
        taken = logit_of(model, real, embedding)
        discriminator.append(np.logaddexp(0.0, -taken) + 0.5 * np.logaddexp(0.0, refused).sum())
        discriminator[-1] += 0.25 * not_its_own(model, real, embeddings, i)
        embedding, fake = of_one(model, [text], first[i])
        between, middle = of_one(model, [text, other], last[i])
        logits = logit_of(model, fake, embedding), logit_of(model, middle, between)
        generator.append(np.logaddexp(0.0, -logits[0]) + 0.5 * np.logaddexp(0.0, -logits[1]))
        generator[-1] += 0.25 * not_its_own(model, fake, embeddings, i)
    wanted = {
        "discriminator": (discriminator, [model.encoder, model.looks, model.asked, model.judges, model.seen]),
        "generator": (generator, [model.told, model.generator]),
    }
    assert [player.name for player in model.players()] == list(wanted)
    for player in model.players():
        loss, parts = wanted[player.name]
        np.testing.assert_allclose(player.objective(player.terms(batch, seed, False)), loss, rtol=1e-4, atol=1e-5)
        assert {id(v) for v in player.variables} == {id(v) for part in parts for v in part.trainable_variables}


def test_the_encoder_does_not_learn_to_mislead_the_generator(model):
    """The discriminator's term of fakes reaches no weight through the pictures themselves."""
    batch = {"image": tf.zeros([3, 8, 8, 3], tf.uint8), "text": tf.constant(["a", "b", "c"])}
    with tf.GradientTape() as tape:
        fake = model.players()[0].terms(batch, seeds.seed_rows(3), True)["fake"]
    painters = [variable.value for part in (model.told, model.generator) for variable in part.trainable_variables]
    assert all(gradient is None for gradient in tape.gradient(fake, painters))


def test_without_interpolation_and_matching_it_is_the_game_alone():
    model = zoo.build("gan_cls", **ARGUMENTS, interpolation=0.0, matching=0.0)
    batch = {"image": tf.zeros([3, 8, 8, 3], tf.uint8), "text": tf.constant(["a", "b", "c"])}
    discriminator, generator = model.players()
    terms = discriminator.terms(batch, seeds.seed_rows(3), False)
    wanted = terms["real"] + (terms["mismatched"] + terms["fake"]) / 2.0
    np.testing.assert_allclose(discriminator.objective(terms), wanted, rtol=1e-6)
    terms = generator.terms(batch, seeds.seed_rows(3), False)
    assert list(terms) == ["fooling"]
    np.testing.assert_array_equal(generator.objective(terms), terms["fooling"])


def test_a_served_text_is_long_at_most_as_the_model_reads(model):
    """16 bytes are; 17 are not valid, though 16 of them are letters; an accent is two; no text is a text."""
    served = saved_model.serve(model)
    texts = ["a blue bird here", "a blue bird here ", "ééééééééé", "éééééééé", "", "\0\0"]
    seed = seeds.seed_rows(6)
    answer = served.functions["draw"]({"text": tf.constant(texts), "seed": seed})
    np.testing.assert_array_equal(answer["valid"], [True, False, False, True, True, True])
    assert not answer["image"].numpy()[1:3].any()
    for i in (0, 3, 4, 5):
        alone = model.draw(tf.constant([texts[i]]), seed[i : i + 1])[0]
        np.testing.assert_array_equal(answer["image"][i], alone)
        assert alone.numpy().any()


def test_data_with_longer_texts_are_refused(model):
    spec = {"image": tf.TensorSpec([None, 8, 8, 3], tf.uint8), "text": tf.TensorSpec([None], tf.string)}
    model.check(spec, {"image": 5, "text": 17})
    with pytest.raises(ValueError, match="text_bytes: the data set has texts of 17 bytes, but GANCLS was built for 16"):
        model.check(spec, {"image": 5, "text": 18})


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"text_bytes": 0}, "text_bytes=0: must be at least 1"),
        ({"interpolation": -1.0}, "interpolation=-1.0: must not be negative"),
        ({"matching": -1.0}, "matching=-1.0: must not be negative"),
        ({"image_shape": (4, 8, 3)}, "GAN-CLS makes sides of 8 to 128"),
    ],
)
def test_bad_arguments_are_named(arguments, said):
    with pytest.raises(ValueError, match=said):
        zoo.create("gan_cls", **{**ARGUMENTS, **arguments})


@pytest.mark.slow
def test_the_card_of_an_export_asks_with_sentences(model, tmp_path):
    path = tmp_path / "m" / "1"
    about = {"model": "gan_cls", "trained_steps": 7, "arguments": {}}
    saved_model.write(model, saved_model.serve(model), path, path, about)
    card = (path / "MODEL_CARD.md").read_text()
    request = json.loads(card.partition("curl -d '")[2].partition("' http")[0])
    assert request == {
        "signature_name": "draw",
        "inputs": {"text": ["a small red circ", "there is a large"], "seed": [[0, 0], [0, 1]]},
    }
    assert "`text` string [N], at most 16 bytes" in card and "text=tf.constant(['a small red circ', 'there" in card
    python = card.partition("loaded.signatures['draw'](")[2].partition(")\n```")[0]
    loaded = tf.saved_model.load(str(path))
    answer = eval(f"loaded.signatures['draw']({python})", {"tf": tf, "loaded": loaded})
    assert answer["valid"].numpy().all() and answer["image"].shape == (2, 8, 8, 3)
    exported, seed = stand_ins.Exported(path), seeds.seed_rows(3)
    there, text = offered(exported, data.load("scenes")), tf.constant(["red", "", "a blue bird"])
    assert {"draw", "discriminate", "given text", "factors"} <= there and "embed" not in there
    np.testing.assert_array_equal(exported.draw(text, seed), model.draw(text, seed))
    image = model.draw(text, seed)
    np.testing.assert_allclose(exported.discriminate(image, text=text), model.discriminate(image, text), atol=1e-5)


def test_an_evaluation_shows_examples_beside_drawings_of_their_sentences(tmp_path):
    """Twelve of them, each a picture and two drawings of it, twice as large, in rows of four over their text."""
    loaded = data.load("scenes")
    model = zoo.build("gan_cls", **loaded_arguments(loaded), latent_dim=3, text_dim=4, text_width=4, width=3)
    pictures.draw(model, loaded, "test", tmp_path, seed=0)
    assert {path.name for path in tmp_path.iterdir()} == {"evaluation.png"}
    shown = np.asarray(Image.open(tmp_path / "evaluation.png"))
    side, lines = 2 * 32, 2
    assert shown.shape == (3 * (side + 12 * lines + 1) + 1, 4 * (3 * side + 1) + 1, 3)
    first = next(iter(loaded.batches("test", 1)))
    np.testing.assert_array_equal(shown[1 : 1 + side : 2, 1 : 1 + side : 2], first["image"][0])
    drawn = model.draw(first["text"], seeds.seed_rows(1, 1))[0]
    np.testing.assert_array_equal(shown[1 : 1 + side : 2, 1 + 2 * side : 1 + 3 * side : 2], drawn)


def test_attributes_and_retrieval_by_hand():
    """Two factors of 2 and 3 values, four pictures: the third shows the other colour, the rest what they were told."""
    told = np.array([[0, 0], [1, 1], [0, 2], [1, 1]])
    sees = told.copy()
    sees[2, 0] = 1
    seen = {name: np.log(0.01 + 0.9 * np.eye(n)[sees[:, i]]) for i, (name, n) in enumerate({"a": 2, "b": 3}.items())}
    assert conditioning.attribute_accuracy(seen, told) == {"a": 0.75, "b": 1.0, "mean": 0.875, "all": 0.75}
    # Among all four texts the first is found; the second and the last are one text, of which each counts half; the
    # third's is [0, 2], with one factor right, as have [1, 1] twice: a third.
    assert conditioning.retrieval(seen, told, k=4, seed=0) == pytest.approx((1 + 0.5 + 1 / 3 + 0.5) / 4)
    nothing = {"a": np.zeros([4, 2]), "b": np.zeros([4, 3])}
    assert conditioning.retrieval(nothing, told, k=2, seed=0) == 0.5
    with pytest.raises(ValueError, match="k=5: there are only 4 texts to choose from"):
        conditioning.retrieval(seen, told, k=5, seed=0)


def test_texts_to_choose_from_are_others():
    """Of 40 pictures that show what they were told, all different, each is found among any 16."""
    told = np.arange(40)[:, None]
    seen = {"a": np.log(1e-6 + np.eye(40))}
    assert conditioning.retrieval(seen, told, k=16, seed=0) == 1.0
    beside = conditioning.retrieval(seen, np.roll(told, 1, axis=0), k=16, seed=0)
    assert 0.02 < beside < 0.12  # 1 / 16 but for the pictures whose true text happens to be asked


def test_pairs_are_told_apart_by_the_models_own_discriminator():
    """One whose logit is how many bytes of its text are the picture's level; drawings are one level too bright."""
    image = np.arange(6, dtype=np.uint8).reshape([6, 1, 1, 1])
    part = registry._in_memory(image=image, label=np.zeros(6, np.int32), text=np.array([b"x" * i for i in range(6)]))
    few = registry._with_text(registry._images("few", (1, 1, 1), 9, (), {"test": part}, "few", {}), 16)

    def discriminate(image, text):
        return -tf.abs(tf.cast(image[:, 0, 0, 0], tf.float32) - tf.cast(tf.strings.length(text), tf.float32))

    def draw(text, seed):
        return tf.cast(tf.strings.length(text) + 1, tf.uint8)[:, None, None, None]

    model = types.SimpleNamespace(example="image", discriminate=discriminate, draw=draw)
    found = measures.pairs(model, few, measures.Protocol(batch_size=4))
    # The next text is one byte longer, but for the last example, which is compared with the first.
    wanted = {"example_logit": 0.0, "mismatched_logit": round(-10 / 6, 4), "drawing_logit": -1.0, "pairs_told": 1.0}
    assert found == {"pairs": 6, **wanted}


@pytest.mark.parametrize("listens", [True, False])
def test_a_model_that_ignores_its_text_shows(listens, monkeypatch):
    """Drawings that hold the numbers of the factors that the text names, or of those of another; read by a judge."""
    loaded, sizes = data.load("scenes"), [len(values) for values in scenes.FACTORS.values()]

    def numbers(text):
        words = [set(one.decode().replace(",", "").split()) for one in text]
        sides = [*scenes.PLACES]
        values = [scenes.FACTORS["colour"], scenes.FACTORS["shape"], sides, scenes.FACTORS["size"]]
        return np.array([[next(i for i, w in enumerate(v) if w in said) for v in values] for said in words], np.uint8)

    def draw(text, seed):
        text = text if listens else tf.fill(tf.shape(text), "a small red circle on the left")
        return tf.numpy_function(numbers, [text], tf.uint8)

    def log_probabilities(image):
        parts = zip(scenes.FACTORS, sizes, tf.unstack(tf.ensure_shape(image, [None, 4]), axis=1), strict=True)
        return {name: np.log(0.01 + np.eye(size)[value.numpy()]) for name, size, value in parts}

    judge = types.SimpleNamespace(log_probabilities=log_probabilities, test_accuracy={"colour": 1.0})
    monkeypatch.setattr(classifier, "kept", lambda folder, data, advance, of: judge)
    found = measures.attributes_drawn(types.SimpleNamespace(draw=draw), loaded, measures.Protocol(samples=400))
    assert found["drawn"] == 400 and found["retrieval_chance"] == 0.0625
    chance = np.mean([1 / size for size in sizes])
    assert abs(found["attribute_accuracy_shuffled"]["mean"] - chance) < 0.05 > abs(found["retrieval_shuffled"] - 1 / 16)
    if listens:
        assert found["attribute_accuracy"]["all"] == 1.0 and found["retrieval"] > 0.95
    else:
        assert abs(found["attribute_accuracy"]["mean"] - chance) < 0.05 > abs(found["retrieval"] - 1 / 16)


@pytest.mark.slow
def test_a_classifier_names_each_factor(monkeypatch, tmp_path):
    """Of noise whose first column is bright by one factor and whose last by another, and which has no label."""
    rng = np.random.default_rng(0)
    values = rng.integers(0, [3, 2], (600, 2)).astype(np.int32)
    pixels = rng.integers(0, 3, (600, 8, 8, 1)).astype(np.uint8)
    pixels[:, :, 0, 0], pixels[:, :, -1, 0] = 7 * values[:, :1], 15 * values[:, 1:]
    part = registry._in_memory(image=pixels, label=np.zeros(600, np.int32), factors=values)
    bars = registry._images("bars", (8, 8, 1), 16, (), dict.fromkeys(("train", "test"), part), "bars", {})
    spec = bars.element_spec | {"factors": tf.TensorSpec([None, 2], tf.int32)}
    bars = dataclasses.replace(bars, element_spec=spec, factors={"left": ("a", "b", "c"), "right": ("d", "e")})
    monkeypatch.setattr(classifier, "STEPS", 60)
    made = classifier.kept(tmp_path, bars, lambda steps: None, of="factors")
    assert min(made.test_accuracy.values()) > 0.95 and list(made.test_accuracy) == ["left", "right"]
    again = classifier.kept(tmp_path, bars, lambda steps: None, of="factors")
    for one in (made, again):
        seen = one.log_probabilities(pixels)
        assert conditioning.attribute_accuracy({k: v.numpy() for k, v in seen.items()}, values)["all"] > 0.9
        np.testing.assert_allclose(np.exp(seen["left"]).sum(axis=1), 1.0, rtol=1e-5)


@pytest.mark.slow
def test_the_study_of_sentences_tells_text_from_noise(tmp_path):
    """A generator deaf to its text has no spread over sentences; one that hears nothing else, none over z."""
    loaded = data.load("scenes")
    lines = {}
    for kind, deaf in (("text", slice(3, None)), ("z", slice(0, 3)), ("neither", slice(0, 0))):
        model = zoo.build("gan_cls", **loaded_arguments(loaded), latent_dim=3, text_dim=4, text_width=4, width=3)
        kernel = model.generator.layers[0].kernel
        silenced = kernel.numpy()
        silenced[deaf] = 0.0
        kernel.assign(silenced)
        settings = Settings(None, examples=8)
        there = {"embed", "given text", "image"}
        lines[kind] = table.conduct("sentences", there, model, loaded, settings, tmp_path)
    assert lines["text"]["spread_over_sentences"] == 0.0 < lines["text"]["spread_over_z"]
    assert lines["z"]["spread_over_z"] == 0.0 < lines["z"]["spread_over_sentences"]
    line = lines["neither"]
    assert min(line["spread_over_z"], line["spread_over_sentences"]) > 0.0 and line["pairs"] == 4
    assert line["unevenness"]["pixels"] == pytest.approx(1.0, abs=1e-3) and line["unevenness"]["sentences"] > 1.0
    assert (tmp_path / "sentences.png").stat().st_size > 10_000
    with pytest.raises(ValueError, match="study='sentences': lacks embed with GANCLS"):
        table.conduct("sentences", there - {"embed"}, model, loaded, settings, tmp_path)


def loaded_arguments(loaded):
    return {name: loaded.arguments[name] for name in ("image_shape", "levels", "text_bytes")}


def test_a_caption_takes_the_lines_that_it_needs():
    pictures = np.zeros([2, 8, 8, 1], np.uint8)
    one = images.sheet(pictures, 2, captions=["7", "12"])
    three = images.sheet(pictures, 2, captions=["7", "a small red circle"])  # of 56 pixels: nine letters a line
    assert three.shape[0] - one.shape[0] == 2 * 12 and three.shape[1] == one.shape[1]


def test_texts_stay_on_the_host_and_other_batches_go_to_their_replicas(mirrored):
    def devices(name, key):
        loaded = data.load(name)
        batches = strategies.distribute(mirrored, loaded.training_batches, 8, 0, 0)
        shares = next(iter(batches))[key].values
        whole = next(iter(loaded.training_batches(8, 0)))[key].numpy()
        np.testing.assert_array_equal(np.concatenate([share.numpy() for share in shares]), whole)
        return [share.device[-1] for share in shares]

    assert devices("scenes", "text") == ["0", "0"] and devices("digits", "image") == ["0", "1"]
