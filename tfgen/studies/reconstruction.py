"""Examples above what is decoded from their codes, with the squared error and -ELBO of each.

Kingma and Welling 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114, section 2.3.
"""

import numpy as np
import tensorflow as tf

from tfgen import zoo
from tfgen.ops import seeds
from tfgen.studies import codes, figures

EXAMPLES, SHOWN = 500, 12


def study(model, data, settings):
    """SHOWN examples in the picture; the figures are means over `settings.limit(EXAMPLES)`."""
    batch = codes.examples(data, settings, settings.limit(EXAMPLES))
    image, condition = batch["image"], model.condition(batch)
    seed = seeds.seed_rows(len(image), settings.seed)
    made = tf.function(model.reconstruct, autograph=False)(image, seed, **condition)
    given, made = (figures.unit(part, model.levels) for part in (image, made))
    error = np.square(given - made).mean(axis=(1, 2, 3))
    numbers = {
        "examples": len(image),
        "squared_error_per_pixel": round(float(error.mean()), 6),
        "squared_error_per_pixel_standard_error": round(float(error.std() / np.sqrt(len(error))), 6),
        "protocol": "one draw of the posterior for each example; pixels in 0 .. 1, rounded to their levels",
    }
    captions = [f"{value:.4f}" for value in error[:SHOWN]]
    unit = "squared error per pixel (0 to 1)"
    if "elbo" in zoo.verbs(model):
        nats = -tf.function(model.elbo, autograph=False)(image, seed, **condition).numpy()
        numbers["negative_elbo_nats"] = round(float(nats.mean()), 4)
        captions = [f"{caption}\n{value:.1f}" for caption, value in zip(captions, nats, strict=False)]
        unit += ", −ELBO (nats)"
    columns = min(SHOWN, len(image))
    figure = figures.figure(1 + 0.8 * columns, 2.6, f"Reconstruction: {type(model).__name__} on {data.name}")
    axes = figure.subplots()
    figures.strips(axes, np.stack([given, made])[:, :SHOWN], [settings.split, "decoded"], captions)
    axes.set_xlabel(f"{unit}; mean of {len(image)}: {error.mean():.4f}")
    return figure, numbers
