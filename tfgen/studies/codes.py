"""From examples to codes and back: what every study of z does."""

import numpy as np
import tensorflow as tf

from tfgen.distributions.likelihoods import Likelihood
from tfgen.studies import figures


def examples(model, data, settings, count: int) -> dict[str, tf.Tensor]:
    """The first `count` examples of the split, or as many as there are, as one batch."""
    return next(iter(data.batches(settings.split, count, settings.seed, count)))


def picture(model, likelihood: Likelihood, seed: tf.Tensor | None = None) -> np.ndarray:
    """What a likelihood p(x | z) looks like, float32 [N, H, W, C] in 0 .. 1: its mean, or what it shows without one."""
    image = likelihood.moments().get("mean")
    return figures.unit(likelihood.show(seed) if image is None else image, model.levels)
