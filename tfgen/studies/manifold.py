"""The plane of a z of two dimensions: what is decoded at the percentiles of its prior, and where examples lie.

Kingma and Welling 2014, "Auto-Encoding Variational Bayes", https://arxiv.org/abs/1312.6114, figure 4: coordinates on
the unit square, equally spaced, are taken through the inverse distribution function of the normal.
"""

import numpy as np
import tensorflow as tf
from scipy import special

from tfgen.studies import codes, figures

SIDE, EXAMPLES = 20, 1000
TICKS = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])


def grid(side: int) -> np.ndarray:
    """z at the percentiles (i + 1/2) / side of N(0, 1) in both dimensions, float32 [side^2, 2]: rows from the top,
    where the second dimension is largest, the first one growing to the right."""
    steps = special.ndtri((np.arange(side) + 0.5) / side)
    second, first = np.meshgrid(steps[::-1], steps, indexing="ij")
    return np.stack([first.ravel(), second.ravel()], axis=-1).astype(np.float32)


def study(model, data, settings):
    batch = codes.examples(data, settings, settings.limit(EXAMPLES))
    first = {name: np.repeat(value[:1], SIDE**2, axis=0) for name, value in model.condition(batch).items()}
    pictures = codes.decoded(model, tf.constant(grid(SIDE)), first)
    mean, stddev, _ = codes.moments(model, batch, settings.seed)
    figure = figures.figure(11, 5.6, f"The plane of z: {type(model).__name__} on {data.name}")
    left, right = figure.subplots(1, 2)
    edged = np.pad(pictures, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=0.3)
    figures.show(left, figures.sheet(edged, SIDE), extent=(0, 1, 0, 1))
    left.set_title(f"decoded at {SIDE} × {SIDE} percentiles of the prior")
    percentiles = special.ndtr(mean)
    labels = batch["label"].numpy() if data.class_names else np.zeros(len(mean), int)
    for label in np.unique(labels):
        right.plot(*percentiles[labels == label].T, ".", color=f"C{label}", label=(*data.class_names, "")[label])
    right.set_title(f"where {len(mean)} {settings.split} examples lie: means of q(z | x)")
    right.set_aspect("equal")
    if data.class_names:
        right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    for axes in (left, right):
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="z₁, spaced by the prior's percentiles", ylabel="z₂")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(special.ndtr(TICKS), [f"{tick:g}" for tick in TICKS])
    return figure, {
        "side": SIDE,
        "examples": len(mean),
        "mean_of_codes": _rounded(mean.mean(axis=0)),
        "stddev_of_codes": _rounded(np.sqrt(mean.var(axis=0) + np.square(stddev).mean(axis=0))),
        "protocol": "percentiles (i + 1/2) / side of N(0, 1); codes are draws of q(z | x) over the examples, which the "
        "prior says to have mean 0 and standard deviation 1",
    }


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in values]
