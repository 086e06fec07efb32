"""How much the choice of the first pixel moves the picture, all else being drawn with the same numbers.

Aaron van den Oord et al. 2016, "Pixel Recurrent Neural Networks", https://arxiv.org/abs/1601.06759: a picture is drawn
pixel after pixel, each given those before; something has to be the first.
"""

import numpy as np
import tensorflow as tf

from tfgen.ops import seeds
from tfgen.studies import codes, figures

SAMPLES, SHOWN = 64, 10


def study(model, data, settings):
    """The first pixel drawn from the model, uniformly, taken from examples, and set to the lowest and highest level."""
    batch = codes.examples(data, settings, settings.limit(SAMPLES))
    count, channels = len(batch["image"]), model.shape[2]
    seed, condition = seeds.seed_rows(count, settings.seed), model.condition(batch)
    draw = tf.function(lambda seed, first: model.sample(seed, first, **condition), autograph=False)
    of_model = tf.function(lambda seed: model.sample(seed, "model", **condition), autograph=False)
    # Drawn here, so that all but the model's own go through one graph.
    uniform = tf.cast(seeds.uniform(seeds.seed_rows(count, settings.seed + 1), [channels]) * model.levels, tf.uint8)
    firsts = {
        "uniform": uniform,
        "an example's": batch["image"][:, 0, 0],
        "lowest level": tf.zeros([count, channels], tf.uint8),
        "highest level": tf.fill([count, channels], tf.constant(model.levels - 1, tf.uint8)),
    }
    made = {"the model's": of_model(seed)} | {name: draw(seed, first) for name, first in firsts.items()}
    others = of_model(seeds.seed_rows(count, settings.seed + 2))
    score = tf.function(lambda image: model.log_prob(image, **condition), autograph=False)
    apart = {name: _apart(image, made["the model's"]) for name, image in made.items()}
    apart["another seed"] = _apart(others, made["the model's"])
    numbers = {
        "samples": count,
        "protocol": "one seed for each picture, whatever its first pixel; changed is the share of the pixels after it "
        "that are not those that follow the model's own; nats is the mean -ln p of the whole picture",
        "changed": {name: round(float(value), 4) for name, value in apart.items()},
        "nats": {name: round(float(-tf.reduce_mean(score(image))), 4) for name, image in made.items()},
    }
    rows = np.stack([figures.unit(image[:SHOWN], model.levels) for image in made.values()])
    title = f"The first pixel: {type(model).__name__} on {data.name}"
    figure = figures.figure(2.6 + 0.8 * rows.shape[1], 1.0 + 0.85 * len(rows), title)
    axes = figure.subplots()
    labels = [f"{name}\n{100 * apart[name]:.0f} % changed" for name in made]
    figures.strips(axes, rows, labels)
    axes.set_xlabel(f"one seed a column; another seed: {100 * apart['another seed']:.0f} % changed")
    return figure, numbers


def _apart(image: tf.Tensor, other: tf.Tensor) -> float:
    """The share of the pixels after the first that differ."""
    differs = np.any(np.not_equal(image, other), axis=-1).reshape(len(image), -1)
    return differs[:, 1:].mean()
