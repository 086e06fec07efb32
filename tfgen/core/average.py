"""Exponential moving average of the weights (Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation"), and
of the batch statistics that belong to them: those of the last weights do not fit the average."""

import tensorflow as tf


class Average(tf.Module):
    """average <- d average + (1 - d) weight after every training step, d = min(decay, (1 + step) / (10 + step)).

    The smaller d of the first steps lets go of the weights that training began with. Make it under the strategy's
    scope, after the model's variables.
    """

    def __init__(self, variables: list, decay: float):
        super().__init__(name="average")
        if not 0.0 < decay < 1.0:
            raise ValueError(f"decay={decay}: the decay of an average lies between 0 and 1 (0.999, say)")
        self._weights = tuple(variable.value for variable in variables)
        self.decay = decay
        self.values = [
            tf.Variable(w.read_value(), trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
            for w in self._weights
        ]

    def update(self, step: tf.Tensor) -> None:
        """`step`: training steps made before this one."""
        step = tf.cast(step, tf.float32)
        share = 1.0 - tf.minimum(self.decay, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self.values, self._weights, strict=True):
            average.assign_add(share * (weight - average))

    def swap(self) -> None:
        """Exchanges averages and weights; twice is nothing."""
        for average, weight in zip(self.values, self._weights, strict=True):
            held = weight.read_value()
            weight.assign(average.read_value())
            average.assign(held)
