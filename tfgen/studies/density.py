"""A density of points in one or two dimensions, beside the true one where it is known, with examples and samples.

Goodfellow 2016, "NIPS 2016 Tutorial: Generative Adversarial Networks", https://arxiv.org/abs/1701.00160, figure 1.
"""

import numpy as np
import tensorflow as tf

from tfgen.data import points
from tfgen.ops import seeds
from tfgen.studies import figures

SHOWN, SIDE, LINE = 500, 200, 1000  # points; sides of a map; places along a line


def study(model, data, settings):
    """The figure with the first `SHOWN` of the examples, and the mean -ln p of all of them."""
    batches = data.batches(settings.split, SHOWN, settings.seed, settings.limit(0) or None)
    given = np.concatenate([batch["point"].numpy() for batch in batches])
    numbers = {"examples": len(given), "nats": round(float(-_log_prob(model, given).mean()), 4)}
    if data.name in points.DENSITIES:
        numbers["true_density_nats"] = round(float(-points.DENSITIES[data.name].log_prob(given).mean()), 4)
    numbers["protocol"] = "mean -ln p of the same examples, under the model and under the density that drew them"
    return figure(model, data.name, given[:SHOWN], settings.seed), numbers


def figure(model, dataset: str, given: np.ndarray, seed: int):
    """Of one dimension curves over a histogram, of two a map of each density, of more the first two values alone.

    Args:
      dataset: its name.
      given: examples of it, [N, D]; the model is asked for as many samples.
    """
    made = tf.function(model.sample, autograph=False)(seeds.seed_rows(len(given), seed)).numpy()
    title, truth = f"Density: {type(model).__name__} on {dataset}", points.DENSITIES.get(dataset)
    return (_curves if model.shape[0] == 1 else _maps)(model, title, truth, given, made)


def _log_prob(model, values: np.ndarray) -> np.ndarray:
    return tf.function(model.log_prob)(tf.constant(values, tf.float32)).numpy().astype(np.float64)


def _range(values: np.ndarray) -> tuple[float, float]:
    """From the smallest to the largest value and a little more on both sides."""
    low, high = values.min(), values.max()
    return low - 0.1 * (high - low), high + 0.1 * (high - low)


def _curves(model, title, truth, given, made):
    drawn = figures.figure(7, 3.2, title)
    axes = drawn.subplots()
    line = np.linspace(*_range(given), LINE)[:, None]
    axes.hist(given[:, 0], bins=60, density=True, color="#d9d9d9", label=f"{len(given)} examples")
    if truth:
        axes.plot(line, np.exp(truth.log_prob(line)), color=figures.COLORS[4], linestyle="--", label="the true density")
    axes.plot(line, np.exp(_log_prob(model, line)), color=figures.COLORS[1], label="the model's")
    axes.plot(made[:, 0], np.zeros(len(made)), "|", color=figures.COLORS[0], label=f"{len(made)} samples of the model")
    axes.set_xlabel("x")
    axes.set_ylabel("density")
    axes.legend()
    return drawn


def _maps(model, title, truth, given, made):
    (left, right), (bottom, top) = (_range(given[:, i]) for i in (0, 1))
    drawn = figures.figure(8.4, 1.1 + 3.3 * min(1.5, (top - bottom) / (right - left)), title)
    columns = drawn.subplots(1, 2, sharex=True, sharey=True)
    x, y = np.meshgrid(np.linspace(left, right, SIDE), np.linspace(top, bottom, SIDE))
    grid = np.stack([x, y], axis=-1).reshape(-1, 2)
    plane = given.shape[1] == 2  # else a map would need the other values
    maps = [np.exp(_log_prob(model, grid)) if plane else None, np.exp(truth.log_prob(grid)) if truth else None]
    largest = max((one.max() for one in maps if one is not None), default=1.0)
    dots = [(made, f"The model's, and {len(made)} samples"), (given, f"The true one, and {len(given)} examples")]
    if not truth:
        dots[1] = given, f"{len(given)} examples"
    for axes, density, (where, title) in zip(columns, maps, dots, strict=True):
        if density is not None:
            shown = axes.imshow(
                density.reshape(SIDE, SIDE), "magma", extent=(left, right, bottom, top), vmin=0.0, vmax=largest
            )
        axes.plot(where[:, 0], where[:, 1], ".", color="#7fc8ff", markersize=1.2)
        axes.set_xlim(left, right)
        axes.set_ylim(bottom, top)
        axes.set_aspect("equal")
        axes.set_title(title)
        axes.set_xlabel("$x_1$")
    columns[0].set_ylabel("$x_2$")
    if plane:
        drawn.colorbar(shown, ax=columns, label="density", shrink=0.8)
    return drawn
