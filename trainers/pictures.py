"""Pictures of a trained autoregressive model: samples with their own likelihood, completions, classes, its field."""

import pathlib

import numpy as np
import tensorflow as tf

from export.requests import example_request
from tfgen.ops import audio, images, seeds
from tfgen.studies import receptive_field


def write(model, data, split: str, folder: pathlib.Path, seed: int) -> dict:
    """Writes what the model can show into `folder`; returns what was measured on the way.

    evaluation.png (or .wav files): samples. Of a model with exact likelihood also completion.png: examples, occluded
    below the middle, and three completions of each; classes.png: a row of samples for each label; receptive_field.png.
    """
    folder.mkdir(parents=True, exist_ok=True)
    batch = {name: value.numpy() for name, value in next(iter(data.batches(split, 64, seed))).items()}
    count = {"image": 64, "audio": 8}.get(model.example)
    if count is None:  # a series is neither seen nor heard
        return {}
    sample = model.signatures()["sample"]
    request = example_request(model, sample, count, batch) | {"seed": seeds.seed_rows(count, seed)}
    # In graphs: for a few pictures, XLA would compile for longer than it samples.
    made = tf.function(sample.function, autograph=False)(**request)[model.example]
    if model.example == "audio":
        for i, sound in enumerate(audio.from_codes(made.numpy())):
            audio.write_wav(folder / f"evaluation-{i}.wav", sound, model.sample_rate)
        return {}

    measured, captions = {}, None
    if hasattr(model, "log_prob"):
        condition = {name: value for name, value in request.items() if name != "seed"}
        nats = -tf.function(model.log_prob)(made, **condition).numpy()
        # Were these far from the test figure, the sampler would draw what the model finds unlikely, or too likely.
        measured["sample_nats"] = round(float(nats.mean()), 4)
        captions = [f"{value:.0f}" for value in nats]
        _completions(model, batch, folder, seed)
        if getattr(model, "num_classes", 0):
            _classes(model, folder, seed)
        if hasattr(model, "network"):
            height, width, _ = model.shape
            field = receptive_field.receptive_field(model, (height // 2, width // 2))
            _save(folder / "receptive_field.png", receptive_field.picture(field)[None], 256, 1)
    _save(folder / "evaluation.png", made.numpy(), model.levels, 8, captions)
    return measured


def _completions(model, batch, folder, seed, count: int = 8) -> None:
    image = tf.constant(batch["image"][:count])
    condition = {name: tf.constant(batch[name][:count]) for name in model.condition_spec}
    half = model.shape[0] // 2
    known = tf.broadcast_to((tf.range(model.shape[0]) < half)[None, :, None, None], tf.shape(image))
    rows = [image, tf.where(known, image, tf.constant(0, tf.uint8))]
    complete = tf.function(model.complete, autograph=False)
    rows += [complete(image, known, seeds.seed_rows(count, seed + i), **condition) for i in range(3)]
    _save(folder / "completion.png", np.concatenate(rows), model.levels, count)


def _classes(model, folder, seed, count: int = 8) -> None:
    label = np.repeat(np.arange(model.num_classes), count).astype(np.int32)
    made = tf.function(model.sample, autograph=False)(seeds.seed_rows(len(label), seed), label=tf.constant(label))
    _save(folder / "classes.png", made.numpy(), model.levels, count)


def _save(path, image, levels, columns, captions=None) -> None:
    path.write_bytes(images.encode_png(images.sheet(image, levels, columns, captions=captions)))
