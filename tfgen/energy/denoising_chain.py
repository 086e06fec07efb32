"""A denoising autoencoder as a model: Yoshua Bengio, Li Yao, Guillaume Alain, Pascal Vincent, 2013, "Generalized
Denoising Auto-Encoders as Generative Models", https://arxiv.org/abs/1305.6663 (sections 2 and 4)."""

import math

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.distributions import likelihoods
from tfgen.metrics.likelihood import bits_per_dim
from tfgen.ops import images, seeds


class DenoisingChain(GenerativeModel):
    """A Markov chain whose end is the model: pictures are corrupted, and drawn anew by what is left of them.

    x~ ~ C(x~ | x)   every pixel, with probability `corruption`, is one of the levels, whichever
    x  ~ P(x | x~)   a likelihood with independent pixels, by a network that was trained on such pairs

    Where P is right, the chain's pictures are distributed as the data (theorem 1). With `walkback` steps the network
    also learns to come back from where its own chain would have gone (algorithm 1). It has no density: neither the
    picture's probability nor a bound can be computed.

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      width, depth: of the network's hidden layers.
      corruption: the share of the pixels that C sets.
      walkback: steps of its own chain that training goes away from an example.
      chain_steps: from noise to a sample.
      likelihood: "bernoulli" (2 levels), "gaussian" or "logistic"; "" for the first that fits.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        width: int = 500,
        depth: int = 2,
        corruption: float = 0.4,
        walkback: int = 2,
        chain_steps: int = 100,
        likelihood: str = "",
    ):
        super().__init__(image_shape, levels)
        arguments.check({"width": width, "depth": depth, "chain_steps": chain_steps, "walkback": walkback + 1})
        if not 0.0 < corruption < 1.0:
            raise ValueError(f"corruption={corruption}: is a share of the pixels, and must lie in (0, 1)")
        self.corruption, self.walkback, self.chain_steps = corruption, walkback, chain_steps
        self.likelihood = likelihoods.choose(likelihood, levels)
        shape = (*self.image_shape[:2], self.image_shape[2] * self.likelihood.parameters)
        hidden = [keras.layers.Dense(width, "silu") for _ in range(depth)]
        last = [keras.layers.Dense(math.prod(shape)), keras.layers.Reshape(shape)]
        self.network = keras.Sequential([keras.layers.Flatten(), *hidden, *last])

    def corrupt(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """A draw of C(x~ | image): uint8 [N, H, W, C]."""
        which, what = seeds.split(seed, 2)
        levels = tf.cast(seeds.uniform(what, self.image_shape) * self.levels, tf.uint8)
        return tf.where(seeds.uniform(which, self.image_shape) < self.corruption, levels, image)

    def denoise(self, image: tf.Tensor, training: bool = False) -> likelihoods.Factorized:
        """P(x | image) of a corrupted one, uint8 [N, H, W, C]."""
        return self.likelihood(self.network(images.to_symmetric(image, self.levels), training=training), self.levels)

    def _step(self, image, seed):
        """One step of the chain."""
        of_noise, of_picture = seeds.split(seed, 2)
        return self.denoise(self.corrupt(image, of_noise)).sample(of_picture)

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """One image of each seed row, `chain_steps` steps from noise: int32 [N, 2] -> uint8 [N, H, W, C]."""
        start, seed = seeds.split(seed, 2)
        image = tf.cast(seeds.uniform(start, self.image_shape) * self.levels, tf.uint8)

        def step(i, image, seed):
            now, later = seeds.split(seed, 2)
            return i + 1, self._step(image, now), later

        loop = (0, image, seed)
        return tf.while_loop(lambda i, *_: i < self.chain_steps, step, loop, parallel_iterations=1)[1]

    def players(self):
        units = {"bits_per_dim": "bits/dim"}
        return (Player("model", self._terms, [self.network], objective=lambda terms: terms["denoising"], units=units),)

    def _terms(self, batch, seed, training):
        """-ln P(x | x~), the mean over the steps of the walk."""
        image, steps = batch["image"], 1 + (self.walkback if training else 0)
        picture, nats = image, []
        for now in seeds.split(seed, steps):
            of_noise, of_picture = seeds.split(now, 2)
            likelihood = self.denoise(self.corrupt(picture, of_noise), training)
            nats.append(-likelihood.log_prob(image))
            picture = likelihood.sample(of_picture)
        mean = tf.add_n(nats) / steps
        return {"denoising": mean, "bits_per_dim": bits_per_dim(mean, self.image_shape)}

    def signatures(self):
        return {
            "sample": Signature(
                lambda seed: {"image": self.sample(seed)},
                {"seed": SEED},
                f"One image of each seed row, {self.chain_steps} steps of the chain from noise.",
            ),
        }
