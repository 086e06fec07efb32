"""From one image to another by way of their codes, in a straight line and on an arc, beside a plain cross-fade.

On a straight line between two codes the norm falls below that of all draws of N(0, I) in many dimensions; on the arc it
does not: Tom White 2016, "Sampling Generative Networks", https://arxiv.org/abs/1609.04468, section 2.1.
"""

import numpy as np
import tensorflow as tf

from tfgen import zoo
from tfgen.ops import images, seeds
from tfgen.studies import codes, figures
from tfgen.studies.needs import offered

EXAMPLES, SHOWN, STEPS = 100, 4, 9  # examples, pairs, and pictures from one end to the other


def linear(first: np.ndarray, last: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[N, ...] and [N, ...] at weights [K] of the last: [N, K, ...]."""
    weight = weight.reshape([1, -1, *[1] * (first.ndim - 1)])
    return (1 - weight) * first[:, None] + weight * last[:, None]


def spherical(first: np.ndarray, last: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Shoemake's slerp of vectors [N, D], at weights [K] of the last: [N, K, D]. It turns at a constant rate."""
    cosine = (first * last).sum(-1) / np.maximum(np.linalg.norm(first, axis=-1) * np.linalg.norm(last, axis=-1), 1e-9)
    angle = np.maximum(np.arccos(np.clip(cosine, -1, 1)), 1e-4)[:, None]
    shares = np.sin((1 - weight) * angle) / np.sin(angle), np.sin(weight * angle) / np.sin(angle)
    return shares[0][..., None] * first[:, None] + shares[1][..., None] * last[:, None]


def study(model, data, settings):
    """Example 2 i goes to example 2 i + 1, and is conditioned as it is; a picture of the first pairs, means of all."""
    batch = codes.examples(data, settings, settings.limit(EXAMPLES))
    if (pairs := len(batch["image"]) // 2) == 0:
        raise ValueError(f"examples={len(batch['image'])}: an interpolation goes from one example to another")
    weight = np.linspace(0.0, 1.0, STEPS)
    firsts = np.repeat(np.arange(0, 2 * pairs, 2), STEPS)
    condition = {name: tf.gather(value, firsts) for name, value in model.condition(batch).items()}
    z = codes.code(model, batch, settings.seed)

    def between(way):
        latents = tf.nest.map_structure(
            lambda one: tf.constant(np.concatenate(way(one.numpy()[0 : 2 * pairs : 2], one.numpy()[1::2], weight))), z
        )
        return codes.decoded(model, tf.nest.map_structure(lambda t: tf.cast(t, tf.float32), latents), condition)

    given = figures.unit(batch["image"], model.levels)
    ways = {"pixels": np.concatenate(linear(given[0 : 2 * pairs : 2], given[1::2], weight)), "line": between(linear)}
    numbers = {
        "pairs": pairs,
        "weight": np.round(weight, 4).tolist(),
        "protocol": "example 2 i to example 2 i + 1 of the split; pixels: their mean by weight, line and arc: between "
        "their codes, the means of q(z | x) where they are exact; -ELBO of what is shown, between two levels drawn",
    }
    if "prior N(0, I)" in offered(model, data):
        ways["arc"] = between(spherical)
        ends, middle = (z.numpy()[0 : 2 * pairs : 2], z.numpy()[1::2]), np.array([0.5])
        numbers["norm_of_codes"] = round(float(np.linalg.norm(z.numpy(), axis=-1).mean()), 4)
        numbers["norm_halfway"] = {
            name: round(float(np.linalg.norm(way(*ends, middle), axis=-1).mean()), 4)
            for name, way in (("line", linear), ("arc", spherical))
        }
    bounded = "elbo" in zoo.verbs(model)
    if bounded:
        elbo = tf.function(model.elbo, autograph=False)
        seed = seeds.seed_rows(pairs * STEPS, settings.seed)
        numbers["negative_elbo_nats"] = {}
        for name, pictures in ways.items():
            # Neighbouring levels at random, so that their mean is what is shown: the nearest one of two is a threshold.
            noise = seeds.uniform(seeds.split(seed, 1)[0], model.shape) - 0.5
            image = images.nearest_level(pictures * (model.levels - 1) + noise, model.levels)
            nats = -elbo(image, seed, **condition).numpy().reshape([pairs, STEPS]).mean(axis=0)
            numbers["negative_elbo_nats"][name] = np.round(nats.astype(np.float64), 3).tolist()

    shown = min(SHOWN, pairs)
    height = 0.9 + 0.62 * shown * len(ways)
    figure = figures.figure(
        10 if bounded else 7, height, f"Between two examples: {type(model).__name__} on {data.name}"
    )
    figure.get_layout_engine().set(hspace=0.06)
    grid = figure.add_gridspec(shown, 2 if bounded else 1, width_ratios=[7, 4] if bounded else [1])
    for pair in range(shown):
        axes = figure.add_subplot(grid[pair, 0])
        part = slice(pair * STEPS, (pair + 1) * STEPS)
        captions = [f"{one:g}" for one in np.round(weight, 2)] if pair == shown - 1 else []
        figures.strips(axes, np.stack([pictures[part] for pictures in ways.values()]), list(ways), captions)
    axes.set_xlabel("weight of the last")
    if bounded:
        axes = figure.add_subplot(grid[:, 1])
        for name, nats in numbers["negative_elbo_nats"].items():
            axes.plot(weight, nats, "o-", label={"pixels": "cross-fade of pixels"}.get(name, f"{name} between codes"))
        axes.set(xlabel="weight of the last", ylabel="−ELBO of what is shown (nats)")
        axes.set_title(f"how likely the way is: mean of {pairs} pairs")
        axes.legend()
    return figure, numbers
