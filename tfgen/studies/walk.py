"""From one z to another by a generator, in a straight line and on an arc: how evenly the picture changes on the way.

Alec Radford, Luke Metz, Soumith Chintala, 2016, https://arxiv.org/abs/1511.06434, section 6.1 (walking in the latent
space); Tom White 2016, "Sampling Generative Networks", https://arxiv.org/abs/1609.04468, section 2.1.
"""

import numpy as np
import tensorflow as tf

from tfgen.ops import images, seeds
from tfgen.studies import codes, figures
from tfgen.studies.interpolation import linear, spherical

PAIRS, SHOWN, STEPS = 64, 4, 17


def study(model, data, settings):
    """Draw 2 i of the prior goes to draw 2 i + 1; beside the ways between their z a cross-fade of their pictures."""
    pairs = settings.limit(PAIRS)
    ends = model.prior().draw(seeds.seed_rows(2 * pairs, settings.seed)).value.numpy()
    first, last, weight = ends[0::2], ends[1::2], np.linspace(0.0, 1.0, STEPS)
    batch = codes.examples(data, settings, pairs) if model.condition_spec else {}
    condition = {name: tf.repeat(batch[name][:pairs], STEPS, axis=0) for name in model.condition_spec}

    def pictures(latents):
        pixels = model.pixels(tf.constant(np.concatenate(latents), tf.float32), **condition)
        unit = figures.unit(images.symmetric_to_levels(pixels, model.levels), model.levels)
        return unit.reshape([pairs, STEPS, *model.shape])

    ways = {"line": pictures(linear(first, last, weight)), "arc": pictures(spherical(first, last, weight))}
    ways["pixels"] = linear(ways["line"][:, 0], ways["line"][:, -1], weight)
    norms = {name: np.linalg.norm(way(first, last, np.array([0.5])), axis=-1).mean() for name, way in WAYS.items()}
    moves = {name: np.sqrt(np.square(np.diff(way, axis=1)).mean(axis=(2, 3, 4))) for name, way in ways.items()}
    numbers = {
        "pairs": pairs,
        "steps": STEPS,
        "protocol": "z of the prior; a step is the root mean squared change per pixel, in 0 .. 1; its unevenness is "
        "the largest of the steps' means over pairs, over their mean, 1 for a cross-fade; sharpness halfway is the "
        "mean size of the change from pixel to pixel, over that of the ends",
        "norm_of_z": round(float(np.linalg.norm(ends, axis=-1).mean()), 4),
        "norm_halfway": {name: round(float(value), 4) for name, value in norms.items()},
        "mean_step": {name: round(float(move.mean()), 5) for name, move in moves.items()},
        "unevenness": {name: round(unevenness(move), 4) for name, move in moves.items()},
        "sharpness_halfway": {name: round(sharpness(way), 4) for name, way in ways.items()},
    }
    shown = min(SHOWN, pairs)
    figure = figures.figure(10, 0.9 + 0.62 * shown * len(ways), f"From z to z: {type(model).__name__} on {data.name}")
    grid = figure.add_gridspec(shown, 2, width_ratios=[7, 4])
    for pair in range(shown):
        axes = figure.add_subplot(grid[pair, 0])
        captions = [f"{one:g}" for one in np.round(weight[::2], 2)] if pair == shown - 1 else []
        figures.strips(axes, np.stack([way[pair, ::2] for way in ways.values()]), list(ways), captions)
    axes.set_xlabel("weight of the last")
    axes = figure.add_subplot(grid[:, 1])
    for name, move in moves.items():
        axes.plot(weight[1:], move.mean(axis=0), "o-", label={"pixels": "cross-fade of pixels"}.get(name, name))
    axes.set(xlabel="weight of the last", ylabel="change of a step (RMS per pixel, 0 .. 1)", ylim=(0, None))
    axes.set_title(f"mean of {pairs} pairs")
    axes.legend()
    return figure, numbers


WAYS = {"line": linear, "arc": spherical}


def unevenness(moves: np.ndarray) -> float:
    """The largest step over the mean one, of the mean over pairs of moves [N, K]."""
    steps = moves.mean(axis=0)
    return float(steps.max() / max(steps.mean(), 1e-12))


def sharpness(way: np.ndarray) -> float:
    """Of the middle pictures of ways [N, K, H, W, C] over that of their ends."""
    changes = np.abs(np.diff(way, axis=3)).mean(axis=(2, 3, 4)) + np.abs(np.diff(way, axis=2)).mean(axis=(2, 3, 4))
    return float(changes[:, way.shape[1] // 2].mean() / np.maximum(changes[:, [0, -1]].mean(), 1e-12))
