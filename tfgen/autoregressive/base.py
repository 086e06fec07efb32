"""What all autoregressive models of levels share: exact log_prob, sample and complete."""

import abc
import functools
import math
from collections.abc import Callable

import tensorflow as tf

from tfgen.autoregressive.filling import Filling
from tfgen.core import GenerativeModel, Player, Signature
from tfgen.core.signature import SEED
from tfgen.distributions.autoregressive import EXACT, Autoregressive, Draw
from tfgen.metrics.likelihood import bits_per_dim
from tfgen.ops import seeds


class AutoregressiveModel(GenerativeModel):
    """p(x) = prod_i p(x_i | x_1 .. x_{i-1}), each factor a softmax over the levels, trained by maximum likelihood.

    One pass of the causal network gives all factors at once (teacher forcing). A model with `fill_by_steps` samples in
    one pass over the picture; without it a sample takes one pass of the network for every value.

    Args:
      num_classes: 0, or the number of labels that p(x | label) is conditioned on; then log_prob, sample and complete
        want label=int32 [N].
    """

    # (image, known, uniforms, draw, **condition) -> image, as `Autoregressive.fill_plainly` does it, but keeping what
    # it has computed: the same uniforms give the same picture.
    fill_by_steps: Callable[..., tf.Tensor] | None = None
    # (image, seed, **condition) -> ln p(image), where there is a shorter way to it than the logits of all levels.
    direct_log_prob: Callable[..., tf.Tensor] | None = None

    def __init__(self, shape: tuple[int, ...], levels: int, num_classes: int = 0, example: str = "image"):
        super().__init__(shape, levels, example, num_classes)
        self.drawing = EXACT  # how `sample` and `complete` draw, served or not, where they are not told otherwise
        self._filling = Filling(self.fill_by_steps, self.shape) if self.fill_by_steps else None

    @abc.abstractmethod
    def logits(self, image: tf.Tensor, seed: tf.Tensor | None = None, **condition: tf.Tensor) -> tf.Tensor:
        """The causal network: uint8 [N, *shape] -> [N, *shape, levels]; position i sees positions before i only.

        `seed`, int32 [N, 2], is given in training, to what needs noise.
        """

    def distribution(self, seed: tf.Tensor | None = None, **condition: tf.Tensor) -> Autoregressive:
        """p(x) or p(x | label) over uint8 images. `seed` is of noise in training."""

        def log_prob(image):
            return self.direct_log_prob(tf.ensure_shape(image, [None, *self.shape]), seed, **condition)

        return Autoregressive(
            lambda image: self.logits(image, seed, **condition),
            self.shape,
            fill=functools.partial(self._filling, **condition) if self._filling else None,
            log_prob=log_prob if self.direct_log_prob else None,
        )

    def log_prob(self, image: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """ln p(image), exact: uint8 [N, *shape] -> float32 [N], nats."""
        return self.distribution(**condition).log_prob(image)

    def sample(
        self, seed: tf.Tensor, first_pixel: str | tf.Tensor = "", draw: Draw | None = None, **condition: tf.Tensor
    ) -> tf.Tensor:
        """One example of each seed row: int32 [N, 2] -> uint8 [N, *shape].

        Args:
          seed: row i of the answer depends on row i alone.
          first_pixel: "model" draws the upper left pixel (the first sample of audio) from the model, "uniform" from all
            levels alike; levels [N, C] ([N] of audio) set it, to pixels of the training data, say; if left out what
            `draw` says.
          draw: temperature, nucleus and first pixel; if left out `self.drawing`, which is exact unless it was set.
        Raises:
          ValueError: where `first_pixel` is none of these.
        """
        if isinstance(first_pixel, str):
            first_pixel = first_pixel or (draw or self.drawing).first_pixel
        if isinstance(first_pixel, str) and first_pixel == "model":
            return self.distribution(**condition).sample(seed, draw or self.drawing)
        places, channels = (self.shape[:2], self.shape[2:]) if self.example == "image" else (self.shape, ())
        if isinstance(first_pixel, str):
            if first_pixel != "uniform":
                raise ValueError(f"first_pixel={first_pixel!r}: must be 'model', 'uniform' or uint8 values [N, C]")
            seed, first_seed = seeds.split(seed, 2)
            first_pixel = tf.cast(seeds.uniform(first_seed, channels) * self.levels, tf.uint8)
        else:
            first_pixel = self._first_pixel(tf.convert_to_tensor(first_pixel), [seed.shape[0], *channels])
        known = tf.reshape(tf.range(math.prod(places)) == 0, [1, *places, *[1] * len(channels)])
        first_pixel = tf.reshape(first_pixel, [-1, *[1] * len(places), *channels])
        image = tf.where(known, first_pixel, tf.constant(0, tf.uint8))
        return self.complete(image, tf.broadcast_to(known, tf.shape(image)), seed, draw, **condition)

    def _first_pixel(self, given: tf.Tensor, shape: list) -> tf.Tensor:
        """What stands in the first pixel, as uint8; refused (in a graph: when it runs) where it is not of levels."""
        if not given.dtype.is_integer or not given.shape.is_compatible_with(shape):
            raise ValueError(f"first_pixel: {given.dtype.name} {given.shape}, but must be levels (integers) {shape}")
        about = f"must be levels 0 .. {self.levels - 1}"
        if (values := tf.get_static_value(given)) is not None:
            if values.size and not 0 <= values.min() <= values.max() < self.levels:
                wrong = values[(values < 0) | (values >= self.levels)][0]
                raise ValueError(f"first_pixel={wrong}: {about}")
        else:
            inside = (given >= 0) & (tf.cast(given, tf.int32) < self.levels)
            tf.debugging.Assert(tf.reduce_all(inside), [f"first_pixel: {about}"])
        return tf.cast(given, tf.uint8)

    def complete(
        self, image: tf.Tensor, known: tf.Tensor, seed: tf.Tensor, draw: Draw | None = None, **condition: tf.Tensor
    ) -> tf.Tensor:
        """Fills the unknown values and keeps the known ones bit for bit.

        Args:
          image: uint8 [N, *shape].
          known: bool [N, *shape].
          seed: int32 [N, 2].
          draw: as in `sample`.
        """
        return self.distribution(**condition).complete(image, known, seed, draw or self.drawing)

    def players(self):
        return (
            Player(
                "model",
                self._terms,
                parts=[self],
                units={"bits_per_dim": "bits/dim"},
                objective=lambda terms: terms["negative_log_prob"],
            ),
        )

    def _terms(self, batch, seed, training):
        nats = -self.distribution(seed if training else None, **self.condition(batch)).log_prob(batch[self.example])
        return {"negative_log_prob": nats, "bits_per_dim": bits_per_dim(nats, self.shape)}

    def signatures(self):
        name = self.example
        twin = self._filling.compiled if self._filling else lambda function: None
        example = self.batch_spec[name]
        known = tf.TensorSpec(example.shape, tf.bool, name="known")
        return {
            "log_prob": Signature(
                lambda **inputs: {"log_prob": self.log_prob(inputs.pop(name), **inputs)},
                {name: example} | self.condition_spec,
                f"Exact ln p({name}), nats.",
            ),
            "sample": Signature(
                sample := lambda **inputs: {name: self.sample(**inputs)},
                {"seed": SEED} | self.condition_spec,
                f"One {name} of each seed row, {self.drawing}.",
                twin(sample),
            ),
            "complete": Signature(
                complete := lambda **inputs: {name: self.complete(inputs.pop(name), **inputs)},
                {name: example, "known": known, "seed": SEED} | self.condition_spec,
                f"The {name} with its unknown values drawn, {self.drawing}, the known ones kept.",
                twin(complete),
            ),
        }
