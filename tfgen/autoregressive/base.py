"""What all autoregressive models of images share: exact log_prob, sample and complete."""

import abc

import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature
from tfgen.core.signature import SEED
from tfgen.distributions.autoregressive import Autoregressive
from tfgen.metrics.likelihood import bits_per_dim
from tfgen.ops import seeds


class AutoregressiveModel(GenerativeModel):
    """p(x) = prod_i p(x_i | x_1 .. x_{i-1}), each factor a softmax over the levels, trained by maximum likelihood.

    One pass of the causal network gives all factors at once (teacher forcing); a sample takes one pass per value.
    """

    @abc.abstractmethod
    def logits(self, image: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """The causal network: uint8 [N, H, W, C] -> [N, H, W, C, levels]; position i sees positions before i only.

        `seed`, int32 [N, 2], is given in training, to what needs noise.
        """

    def distribution(self, seed: tf.Tensor | None = None) -> Autoregressive:
        """p(x) over uint8 images."""
        return Autoregressive(lambda image: self.logits(image, seed), self.image_shape)

    def log_prob(self, image: tf.Tensor) -> tf.Tensor:
        """ln p(image), exact: uint8 [N, H, W, C] -> float32 [N], nats."""
        return self.distribution().log_prob(image)

    def sample(self, seed: tf.Tensor, first_pixel: str | tf.Tensor = "model") -> tf.Tensor:
        """One image of each seed row: int32 [N, 2] -> uint8 [N, H, W, C].

        Args:
          seed: row i of the answer depends on row i alone.
          first_pixel: "model" draws the upper left pixel from the model, "uniform" from all levels alike; a tensor
            uint8 [N, C] sets it, to pixels of the training data, say.
        """
        if isinstance(first_pixel, str) and first_pixel == "model":
            return self.distribution().sample(seed)
        if isinstance(first_pixel, str):
            if first_pixel != "uniform":
                raise ValueError(f"first_pixel={first_pixel!r}: must be 'model', 'uniform' or uint8 values [N, C]")
            seed, first_seed = seeds.split(seed, 2)
            first_pixel = tf.cast(seeds.uniform(first_seed, self.image_shape[2:]) * self.levels, tf.uint8)
        height, width, _ = self.image_shape
        known = tf.reshape(tf.range(height * width) == 0, [1, height, width, 1])
        image = tf.where(known, first_pixel[:, None, None, :], tf.constant(0, tf.uint8))
        return self.complete(image, tf.broadcast_to(known, tf.shape(image)), seed)

    def complete(self, image: tf.Tensor, known: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Fills the unknown values and keeps the known ones bit for bit.

        Args:
          image: uint8 [N, H, W, C].
          known: bool [N, H, W, C].
          seed: int32 [N, 2].
        """
        return self.distribution().complete(image, known, seed)

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
        nats = -self.distribution(seed if training else None).log_prob(batch["image"])
        return {"negative_log_prob": nats, "bits_per_dim": bits_per_dim(nats, self.image_shape)}

    def signatures(self):
        image = self.batch_spec["image"]
        known = tf.TensorSpec(image.shape, tf.bool, name="known")
        return {
            "log_prob": Signature(
                lambda image: {"log_prob": self.log_prob(image)}, {"image": image}, "Exact ln p(image), nats."
            ),
            "sample": Signature(
                lambda seed: {"image": self.sample(seed)}, {"seed": SEED}, "One image of each seed row."
            ),
            "complete": Signature(
                lambda image, known, seed: {"image": self.complete(image, known, seed)},
                {"image": image, "known": known, "seed": SEED},
                "The image with its unknown values drawn from the model, the known ones kept.",
            ),
        }
