"""Several answers to one source: what it leaves open, and how near the answers come to what it was made of."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from tfgen import zoo
from tfgen.ops import images, seeds
from tfgen.studies import codes, figures

SOURCES, SHOWN, ANSWERS = 64, 8, 4
AT_ONCE = 50


def study(model, data, settings):
    """Of each of the first examples the source, answers by different seeds, and the image."""
    batch = codes.examples(data, settings, settings.limit(SOURCES))
    source, truth = batch["source"].numpy(), figures.unit(batch["image"], model.levels)
    made = [figures.unit(answers(model, source, settings.seed + i), model.levels) for i in range(ANSWERS)]
    made = np.stack(made, axis=1)  # [N, ANSWERS, H, W, C]
    errors = np.square(made - truth[:, None]).mean(axis=(2, 3, 4))
    spread = np.sqrt(2.0 * made.var(axis=1, ddof=1).mean(axis=(1, 2, 3)))
    numbers = {
        "sources": len(source),
        "answers": ANSWERS,
        "protocol": "pixels in 0 .. 1; spread is the root mean squared difference of two answers to one source, and "
        "apart that of the images of two sources; errors are root mean squares: of an answer, of the mean of the "
        "answers, and of the nearest of them",
        "spread": round(float(spread.mean()), 5),
        "apart": round(float(np.sqrt(np.square(truth[1:] - truth[:-1]).mean())), 5) if len(truth) > 1 else None,
        "error": round(float(np.sqrt(errors.mean())), 5),
        "error_of_mean": round(float(np.sqrt(np.square(made.mean(axis=1) - truth).mean())), 5),
        "error_of_nearest": round(float(np.sqrt(errors.min(axis=1).mean())), 5),
    }
    shown = min(SHOWN, len(source))
    given = figures.unit(images.alike(source[:shown], truth.shape[1:]), model.levels)
    rows = np.stack([given, *made[:shown].swapaxes(0, 1), truth[:shown]])
    figure = figures.figure(
        1.6 + 0.9 * shown, 0.8 + 0.92 * len(rows), f"Answers: {type(model).__name__} on {data.name}"
    )
    axes = figure.subplots()
    labels = ["source", *(f"seed {i}" for i in range(ANSWERS)), "truth"]
    figures.strips(axes, rows, labels, [f"{value:.3f}" for value in spread[:shown]])
    axes.set_xlabel("root mean squared difference of two answers, pixels in 0 to 1")
    return figure, numbers


def answer(model) -> Callable[..., tf.Tensor]:
    """A function (seed, source) -> image, by the verb that the model has."""
    signature = model.signatures()[next(verb for verb in zoo.OF_SOURCES if verb in zoo.verbs(model))]

    def function(seed, source):
        inputs = {"source": source} | ({"seed": seed} if "seed" in signature.inputs else {})
        return signature.function(**inputs)["image"]

    return function


def answers(model, sources: np.ndarray, seed: int) -> np.ndarray:
    """What the model makes of sources uint8 [N, h, w, c], each with a seed of its own: uint8 [N, H, W, C]."""
    return in_parts(answer(model), seeds.seed_rows(len(sources), seed).numpy(), sources)


def in_parts(function, *arrays: np.ndarray) -> np.ndarray:
    """A function of rows, compiled once, of a few rows at a time."""
    function = tf.function(function, autograph=False)
    parts = (tuple(tf.constant(one[i : i + AT_ONCE]) for one in arrays) for i in range(0, len(arrays[0]), AT_ONCE))
    return np.concatenate([function(*part).numpy() for part in parts])
