"""From examples to codes and back: what every study of z does."""

import numpy as np
import tensorflow as tf

from tfgen.ops import seeds
from tfgen.studies import figures

DRAWS = 32  # of a posterior whose moments have no closed form


def examples(data, settings, count: int) -> dict[str, tf.Tensor]:
    """The first `count` examples of the split, or as many as there are, as one batch."""
    return next(iter(data.batches(settings.split, count, settings.seed, count)))


def rows(tree, index) -> dict[str, tf.Tensor]:
    """Rows of each tensor of a batch, by their numbers."""
    return tf.nest.map_structure(lambda tensor: tf.gather(tensor, index), tree)


def moments(model, batch, seed: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Mean and standard deviation of q(z | x), [N, D] each, and whether they are exact or of DRAWS draws."""
    posterior = model.encode(batch["image"], **model.condition(batch))
    if exact := posterior.moments():
        return exact["mean"].numpy(), exact["stddev"].numpy(), True
    streams = seeds.split(seeds.seed_rows(len(batch["image"]), seed), DRAWS)
    draws = np.stack([posterior.draw(stream).value for stream in streams])
    return draws.mean(axis=0), draws.std(axis=0, ddof=1), False


def code(model, batch, seed: int):
    """One code of each example: the mean of q(z | x) where it is exact, else a draw; of several layers a tuple."""
    posterior = model.encode(batch["image"], **model.condition(batch))
    mean = posterior.moments().get("mean")
    return posterior.draw(seeds.seed_rows(len(batch["image"]), seed)).value if mean is None else mean


def decoded(model, latents, condition, seed: int = 0) -> np.ndarray:
    """What z looks like, float32 [N, H, W, C] in 0 .. 1: the mean of p(x | z), or what it shows without one."""
    likelihood = model.decode(latents, **condition)
    image = likelihood.moments().get("mean")
    if image is None:
        count = len(tf.nest.flatten(latents)[0])
        image = likelihood.show(seeds.seed_rows(count, seed))
    return figures.unit(image, model.levels)
