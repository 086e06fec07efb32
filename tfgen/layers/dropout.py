"""Dropout whose noise comes from the seed of the training step, so that a resumed run repeats it bit for bit."""

import tensorflow as tf


def dropout(x: tf.Tensor, rate: float, seed: tf.Tensor | None, stream: int) -> tf.Tensor:
    """Srivastava et al. 2014, "Dropout". The noise is a function of the first seed row, which differs by replica.

    Args:
      x: [N, ...].
      rate: share of features set to zero.
      seed: int32 [N, 2], or None outside of training: then nothing is dropped.
      stream: tells the calls of one network apart.
    """
    if seed is None or not rate:
        return x
    return tf.nn.experimental.stateless_dropout(x, rate, tf.random.fold_in(seed[0], stream))
