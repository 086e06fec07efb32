"""From one sentence to another with the same z, and many z for one sentence: what a text decides, and what z.

Scott Reed et al. 2016, https://arxiv.org/abs/1605.05396, sections 5.5 (interpolation of sentences) and 5.3 (style).
"""

import textwrap

import numpy as np
import tensorflow as tf

from tfgen.ops import images, seeds
from tfgen.studies import codes, figures
from tfgen.studies.interpolation import linear
from tfgen.studies.walk import sharpness, unevenness

PAIRS, SHOWN, STEPS, DRAWS = 32, 5, 9, 9
LINE = 34  # characters


def study(model, data, settings):
    """The sentence of example 2 i goes to that of 2 i + 1, in a straight line between their embeddings."""
    pairs = settings.limit(2 * PAIRS) // 2
    if not pairs:
        raise ValueError(f"examples={settings.limit(0)}: a walk needs the sentences of two")
    text = codes.examples(data, settings, 2 * pairs)["text"][: 2 * pairs]
    embedding, weight = model.embed(text).numpy(), np.linspace(0.0, 1.0, STEPS)
    latents = model.latents(seeds.seed_rows(pairs, settings.seed)).numpy()

    def pictures(embedding, latents):
        """[N, K, text_dim], [N, K, latent_dim] -> [N, K, H, W, C] in 0 .. 1."""
        flat = [tf.constant(part.reshape([-1, part.shape[-1]]), tf.float32) for part in (latents, embedding)]
        unit = figures.unit(images.symmetric_to_levels(model.pixels(*flat), model.levels), model.levels)
        return unit.reshape([*embedding.shape[:2], *model.shape])

    first, last = embedding[0::2], embedding[1::2]
    way = pictures(linear(first, last, weight), np.repeat(latents[:, None], STEPS, axis=1))
    ways = {"sentences": way, "pixels": linear(way[:, 0], way[:, -1], weight)}
    styles = model.latents(seeds.seed_rows(pairs * DRAWS, settings.seed + 1)).numpy().reshape([pairs, DRAWS, -1])
    styled = pictures(np.repeat(first[:, None], DRAWS, axis=1), styles)
    told = pictures(np.repeat(first[None], DRAWS, axis=0), np.repeat(styles[0][:, None], pairs, axis=1))
    moves = {name: np.sqrt(np.square(np.diff(one, axis=1)).mean(axis=(2, 3, 4))) for name, one in ways.items()}
    numbers = {
        "pairs": pairs,
        "steps": STEPS,
        "protocol": "sentences of the examples in order, two by two; embeddings in a straight line, the same z all the "
        "way; unevenness and sharpness halfway as in the study walk, beside a cross-fade of the ends; spread is the "
        "root mean squared difference per pixel, in 0 .. 1, of two pictures of one sentence with other z, and of two "
        "sentences with the same z",
        "unevenness": {name: round(unevenness(move), 4) for name, move in moves.items()},
        "sharpness_halfway": {name: round(sharpness(one), 4) for name, one in ways.items()},
        "spread_over_z": round(_spread(styled), 5),
        "spread_over_sentences": round(_spread(told), 5) if pairs > 1 else None,
    }
    return _figure(model, data, text.numpy(), way, styled), numbers


def _figure(model, data, text, way, styled):
    shown = min(SHOWN, len(way))
    said = [textwrap.fill(one.decode("utf-8", "replace"), LINE) for one in text]
    figure = figures.figure(11, 1.2 + 1.5 * shown, f"From sentence to sentence: {type(model).__name__} on {data.name}")
    upper, lower = figure.subfigures(2, 1, height_ratios=[shown, shown]).flat
    axes = upper.subplots()
    figures.strips(axes, way[:shown], said[0 : 2 * shown : 2], [f"{one:g}" for one in np.linspace(0.0, 1.0, STEPS)])
    right = axes.secondary_yaxis("right")
    right.set_yticks(axes.get_yticks(), said[1 : 2 * shown : 2])
    right.tick_params(length=0)
    right.spines[:].set_visible(False)
    axes.set(title="one z, from the sentence on the left to that on the right", xlabel="weight of the last")
    axes = lower.subplots()
    figures.strips(axes, styled[:shown], said[0 : 2 * shown : 2])
    axes.set_title("other z for one sentence")
    return figure


def _spread(pictures: np.ndarray) -> float:
    """The root mean squared difference of two of the K pictures of a row, [N, K, H, W, C]."""
    variance = pictures.var(axis=1, ddof=1, dtype=np.float64)
    return float(np.sqrt(2.0 * variance.mean()))
