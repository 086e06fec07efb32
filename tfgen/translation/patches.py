"""What is said of every place of a picture, as one number for the picture."""

import tensorflow as tf

from tfgen.losses.adversarial import OBJECTIVES, Objective


def over_places(value: tf.Tensor) -> tf.Tensor:
    """The mean over all but the first dimension: [N, ...] -> [N]."""
    return tf.reduce_mean(value, axis=list(range(1, value.shape.rank)))


def of_places(name: str) -> Objective:
    """An objective by name, of logits of real and of fake patches apart.

    Raises:
      ValueError: for a name that there is not, or of pairs or a critic.
    """
    apart = [name for name, one in OBJECTIVES.items() if one.boundary is not None]
    if name not in apart:
        raise ValueError(f"objective={name!r}: must be one of {', '.join(apart)}")
    return OBJECTIVES[name]


def judged(objective: Objective, real: tf.Tensor, fake: tf.Tensor, suffix: str = "") -> dict[str, tf.Tensor]:
    """A discriminator's terms [N] and accuracies, of the logits [N, h, w, 1] of real and of fake pictures."""
    values = {
        "real": objective.real(real),
        "fake": objective.fake(fake),
        "real_accuracy": tf.cast(real > objective.boundary, tf.float32),
        "fake_accuracy": tf.cast(fake < objective.boundary, tf.float32),
    }
    return {name + suffix: over_places(value) for name, value in values.items()}
