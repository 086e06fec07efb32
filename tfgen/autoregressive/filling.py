"""Sampling by steps, compiled where that is up to us."""

import functools
from collections.abc import Callable

import tensorflow as tf

from tfgen.distributions.autoregressive import EXACT, Draw


class Filling:
    """A function (image, known, uniforms, draw=, **condition) -> image that fills by steps.

    Called eagerly it is compiled by XLA; in somebody's graph, and so in an export, it is plain TensorFlow, but for the
    compiled twin of a signature.
    """

    def __init__(self, by_steps: Callable[..., tf.Tensor], shape: tuple[int, ...]):
        self._by_steps, self._shape = by_steps, tuple(shape)
        self._compiled: dict[Draw, Callable] = {}
        self._in_graphs = False

    def __call__(self, image, known, uniforms, draw: Draw = EXACT, **condition: tf.Tensor) -> tf.Tensor:
        # AutoGraph finds nothing to convert in it, and takes longer than the rest of the tracing.
        run = tf.autograph.experimental.do_not_convert(functools.partial(self._by_steps, draw=draw))
        if tf.executing_eagerly() or self._in_graphs:
            run = self._compiled.setdefault(draw, tf.function(run, jit_compile=True))
        return run(tf.ensure_shape(image, [None, *self._shape]), known, uniforms, **condition)

    def compiled(self, function: Callable) -> Callable:
        """`function` in a graph, with its sampling loop compiled."""

        def twin(**inputs):
            self._in_graphs = True
            try:
                return function(**inputs)
            finally:
                self._in_graphs = False

        return twin
