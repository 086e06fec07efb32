"""Pictures of a trained model, and sounds of one: a table of them, each with what it needs."""

import math
import pathlib

import numpy as np
import tensorflow as tf

from export.requests import example_request
from tfgen import zoo
from tfgen.metrics import neighbours
from tfgen.ops import audio, images, seeds
from tfgen.studies import answers, density, figures, receptive_field
from tfgen.studies.needs import Row, offered

COUNT, COLUMNS = 64, 8
SOUNDS, POINTS = 8, 500
TEXTS, DRAWINGS = 12, 2  # sentences, and pictures of each
TRAINING_PICTURES = 10_000  # the first, among which the nearest to a sample is looked for


def draw(model, data, split: str, folder: pathlib.Path, seed: int) -> dict:
    """Writes every picture of `PICTURES` that fits into `folder`; returns what was measured on the way."""
    folder.mkdir(parents=True, exist_ok=True)
    count = POINTS if model.example == "point" else COUNT
    batch = {name: value.numpy() for name, value in next(iter(data.batches(split, count, seed))).items()}
    there, measured = offered(model, data), {}
    for row in PICTURES:
        if not row.lacking(there):
            measured |= row.function(model, data, batch, folder / row.name, seed) or {}
    return measured


def _answer(model, name: str, batch, count: int, **given) -> dict[str, np.ndarray]:
    """What a signature answers to at most `count` examples; inputs in `given` are taken from there."""
    signature = model.signatures()[name]
    count = min([count, *(len(batch[key]) for key in signature.inputs if key in batch)])
    request = example_request(model, signature, count, batch) | given
    # In graphs: for a few pictures, XLA would compile for longer than it samples.
    answer = tf.function(signature.function, autograph=False)(**request)
    return {key: value.numpy() for key, value in (request | answer).items()}


def _samples(model, data, batch, path, seed):
    """Samples; of a model with exact likelihood, each with its own -ln p below it. Beside them the first ones again,
    each above the training picture that is nearest to it."""
    request = {"seed": seeds.seed_rows(min(COUNT, len(batch[model.example])), seed)}
    answer = _answer(model, "sample", batch, len(request["seed"]), **request)
    _neighbours(answer["image"][: 2 * COLUMNS], data, path.with_name("neighbours"), model.levels)
    if "log_prob" not in zoo.verbs(model):
        _save(path, answer["image"], model.levels)
        return {}
    nats = -tf.function(model.log_prob)(answer["image"], **model.condition(answer)).numpy()
    _save(path, answer["image"], model.levels, captions=nats)
    # Were these far from the test figure, the sampler would draw what the model finds unlikely, or too likely.
    return {"sample_nats": round(float(nats.mean()), 4)}


def _neighbours(made, data, path, levels) -> None:
    """Rows of samples, each above a row of their nearest training pictures, by the distance of their pixels."""
    train = np.concatenate([part["image"] for part in data.batches("train", 500, 0, TRAINING_PICTURES)])
    flat = [part.reshape([len(part), -1]).astype(np.float32) for part in (made, train)]
    near = train[neighbours.nearest(*flat)[1][:, 0]]
    rows = [part[i : i + COLUMNS] for i in range(0, len(made), COLUMNS) for part in (made, near)]
    _save(path, np.concatenate(rows), levels)


def _completions(model, data, batch, path, seed):
    """Examples, the same without their lower half, and three completions of each."""
    image = tf.constant(batch["image"][:COLUMNS])
    condition = model.condition({name: tf.constant(value[:COLUMNS]) for name, value in batch.items()})
    half = model.shape[0] // 2
    known = tf.broadcast_to((tf.range(model.shape[0]) < half)[None, :, None, None], tf.shape(image))
    rows = [image, tf.where(known, image, tf.constant(0, tf.uint8))]
    complete = tf.function(model.complete, autograph=False)
    rows += [complete(image, known, seeds.seed_rows(len(image), seed + i), **condition) for i in range(3)]
    _save(path, np.concatenate(rows), model.levels, len(image))


def _classes(model, data, batch, path, seed):
    """A row of samples for each label."""
    label = np.repeat(np.arange(model.num_classes), COLUMNS).astype(np.int32)
    answer = tf.function(model.sample, autograph=False)(seeds.seed_rows(len(label), seed), label=tf.constant(label))
    _save(path, answer.numpy(), model.levels)


def _likely(model, data, batch, path, seed):
    """Examples from the likeliest to the least likely, each with its -ln p."""
    nats = -tf.function(model.log_prob)(batch["image"], **model.condition(batch)).numpy()
    order = np.argsort(nats)
    _save(path, batch["image"][order], model.levels, captions=nats[order])


def _receptive_field(model, data, batch, path, seed):
    height, width, _ = model.shape
    field = receptive_field.receptive_field(model, (height // 2, width // 2))
    _save(path, receptive_field.picture(field)[None], 256, 1)


def _reconstructions(model, data, batch, path, seed):
    """A row of examples above each row of their reconstructions."""
    answer = _answer(model, "reconstruct", batch, COUNT // 2)
    made, given = answer["image"], batch["image"][: len(answer["image"])]
    rows = [part[i : i + COLUMNS] for i in range(0, len(made), COLUMNS) for part in (given, made)]
    _save(path, np.concatenate(rows), model.levels)


def _between_examples(model, data, batch, path, seed):
    """Rows from one example's code to another's, in a straight line between samples of their posteriors."""
    answer, encode = _answer(model, "encode", batch, COUNT), model.signatures()["encode"]
    weight = np.linspace(0.0, 1.0, COLUMNS, dtype=np.float32)[:, None]
    codes = {}
    for name in model.signatures()["decode"].inputs.keys() & answer.keys() - encode.inputs.keys():
        ends = zip(answer[name][0::2], answer[name][1::2], strict=False)
        codes[name] = np.concatenate([(1 - weight) * first + weight * last for first, last in ends][:COLUMNS])
    made = _answer(model, "decode", batch | codes, COUNT)["image"]
    _save(path, made, model.levels)


def _between_latents(model, data, batch, path, seed):
    """Rows from one z ~ N(0, I) to another, by the way on which every point is a draw of N(0, I)."""
    dims = model.signatures()["generate"].inputs["latents"].shape[1:]
    first, last = np.split(seeds.normal(seeds.seed_rows(2 * COLUMNS, seed), dims).numpy(), 2)
    angle = np.linspace(0.0, math.pi / 2, COLUMNS, dtype=np.float32)[:, None]
    latents = np.concatenate(np.cos(angle) * first[:, None] + np.sin(angle) * last[:, None])
    _save(path, _answer(model, "generate", batch | {"latents": latents}, COUNT)["image"], model.levels)


def _drawings(model, data, batch, path, seed):
    """Examples, each beside pictures that are drawn of its text, above the text."""
    text, rows = tf.constant(batch["text"][:TEXTS]), len(batch["text"][:TEXTS])
    draw = tf.function(model.draw, autograph=False)
    made = [draw(text, seeds.seed_rows(rows, seed + i)).numpy() for i in range(DRAWINGS)]
    captions = [one.decode("utf-8", "replace") for one in text.numpy()]
    side_by_side = np.concatenate([batch["image"][:rows], *made], axis=2)
    _save(path, side_by_side, model.levels, COLUMNS // 2, captions, "{}", side=64)


def _judged(model, data, batch, path, seed):
    """Samples from the most to the least real in the discriminator's eyes, each with its logit."""
    made = _answer(model, "sample", batch, COUNT, seed=seeds.seed_rows(min(COUNT, len(batch["image"])), seed))["image"]
    logits = tf.function(model.discriminate)(made).numpy()
    order = np.argsort(-logits)
    _save(path, made[order], model.levels, captions=logits[order], form="{:+.1f}")


def _sounds(model, data, batch, path, seed):
    """Samples as wav files, and as spectrograms below those of as many examples: time to the right, pitch upwards."""
    request = {"seed": seeds.seed_rows(min(SOUNDS, len(batch["audio"])), seed)}
    made = _answer(model, "sample", batch, len(request["seed"]), **request)["audio"]
    for i, sound in enumerate(audio.from_codes(made)):
        audio.write_wav(path.with_name(f"{path.name}-{i}.wav"), sound, model.sample_rate)
    sounds = audio.from_codes(np.concatenate([batch["audio"][: len(made)], made]))
    power = np.abs(tf.signal.stft(sounds, frame_length=128, frame_step=max(1, sounds.shape[1] // 64), pad_end=True))
    decibels = 20 * np.log10(np.maximum(power, 1e-3)) + 60  # from 60 dB below full scale
    picture = np.clip(decibels / 90, 0, 1)[..., None].transpose(0, 2, 1, 3)[:, ::-1]
    _save(path, np.round(255 * picture).astype(np.uint8), 256, len(made))


def _simulations(model, data, batch, path, seed):
    """Examples above what the model makes of their first half: time to the right, a colour for each value."""
    count = min(COLUMNS, len(batch["series"]))
    known = np.tile(np.arange(model.shape[0]) < model.shape[0] // 2, [count, 1])
    request = {"known": tf.constant(known), "seed": seeds.seed_rows(count, seed)}
    rows = [batch["series"][:count]]
    rows += [
        _answer(model, "simulate", batch, count, **request | {"seed": seeds.seed_rows(count, seed + i)})["series"]
        for i in range(3)
    ]
    _save(path, images.curves(np.concatenate(rows)), 256, count)


def _series(model, data, batch, path, seed):
    """Samples: time to the right, a colour for each value."""
    request = {"seed": seeds.seed_rows(min(COUNT // 2, len(batch["series"])), seed)}
    made = _answer(model, "sample", batch, len(request["seed"]), **request)["series"]
    _save(path, images.curves(made), 256)


def _density(model, data, batch, path, seed):
    """The density, and the true one where it is known, with samples and examples over them."""
    with figures.style():
        density.figure(model, data.name, batch["point"], seed).savefig(path.with_suffix(".png"), dpi=100)


def _points(model, data, batch, path, seed):
    """Samples over examples, of points whose density the model does not know."""
    made = _answer(model, "sample", batch, POINTS, seed=seeds.seed_rows(POINTS, seed))["point"]
    with figures.style():
        figure = figures.figure(5, 5, f"{type(model).__name__} on {data.name}")
        axes = figure.subplots()
        for label, points in (("examples", batch["point"]), ("samples", made)):
            heights = points[:, 1] if points.shape[1] > 1 else np.zeros(len(points))
            axes.plot(points[:, 0], heights, ".", ms=3, label=label)
        axes.set_aspect("equal")
        axes.legend()
        figure.savefig(path.with_suffix(".png"), dpi=100)


def _translations(model, data, batch, path, seed):
    """Rows of sources, of what they became, and of what they should have become."""
    given = batch["source"][: COUNT // 2]
    _in_rows(path, model, given, answers.answers(model, given, seed), batch["image"])


def _there_and_back(model, data, batch, path, seed):
    """Rows of a, of these as b, and of those as a again; then likewise from b."""
    parts = []
    for one, there, back in (("a", model.a_to_b, model.b_to_a), ("b", model.b_to_a, model.a_to_b)):
        given = batch[one][: COUNT // 4]
        made = there(given).numpy()
        parts.append((given, made, back(made).numpy()))
    _in_rows(path, model, *(np.concatenate(part) for part in zip(*parts, strict=True)))


def _in_rows(path, model, *parts) -> None:
    """The first row of each part, then the second of each, and so on; as many as there are of the fewest."""
    count = min(map(len, parts)) // COLUMNS * COLUMNS or min(map(len, parts))
    parts = [images.alike(part[:count], model.shape) for part in parts]
    rows = [part[i : i + COLUMNS] for i in range(0, count, COLUMNS) for part in parts]
    _save(path, np.concatenate(rows), model.levels, min(COLUMNS, count))


def _save(path, image, levels, columns=COLUMNS, captions=None, form="{:.0f}", side=56) -> None:
    captions = None if captions is None else [form.format(value) for value in captions]
    sheet = images.sheet(image, levels, columns, side, captions)
    path.with_suffix(".png").write_bytes(images.encode_png(sheet))


# Function (model, data, batch of numpy arrays, path without suffix, seed) -> figures, or None.
PICTURES = (
    Row("evaluation", ("sample", "image"), _samples),
    Row("evaluation", ("sample", "audio"), _sounds),
    Row("evaluation", ("sample", "series"), _series),
    Row("evaluation", ("sample", "log_prob", "point"), _density),
    Row("evaluation", ("generate", "point"), _points),
    Row("evaluation", ("draw", "given text", "image"), _drawings),
    Row("completion", ("complete", "image"), _completions),
    Row("simulation", ("simulate", "series"), _simulations),
    Row("classes", ("sample", "image", "given label"), _classes),
    Row("receptive_field", receptive_field.NEEDS, _receptive_field),
    Row("likely", ("log_prob", "image"), _likely),
    Row("reconstruction", ("reconstruct", "image"), _reconstructions),
    Row("interpolation", ("encode", "decode", "image"), _between_examples),
    Row("interpolation", ("generate", "image"), _between_latents),
    Row("judged", ("sample", "discriminate", "image"), _judged),
    Row("translation", ("a source", "image"), _translations),
    Row("translation", ("a_to_b", "b_to_a"), _there_and_back),
)
