"""What all latent-variable models share: the bound they are trained on, the bounds they report, ancestral sampling."""

import abc

import tensorflow as tf
import tensorflow_probability as tfp

from tfgen.core import GenerativeModel, Player, Signature
from tfgen.core.signature import SEED
from tfgen.distributions.likelihoods import Likelihood
from tfgen.distributions.sampling import sample
from tfgen.losses import variational
from tfgen.metrics.likelihood import bits_per_dim
from tfgen.ops import seeds

tfd = tfp.distributions


class LatentVariableModel(GenerativeModel):
    """p(x) = integral of p(z) p(x | z) dz, trained on the evidence lower bound with the posterior q(z | x).

    The loss is reconstruction + beta * max(kl, free_bits); what is logged are the plain terms in nats.

    Args:
      latent_dim: dimensions of z.
      beta: weight of the KL; above 1 it is the beta-VAE (Higgins et al. 2017).
      free_bits: nats of KL that cost nothing (Kingma et al. 2016, "Improved Variational Inference with Inverse
        Autoregressive Flow", appendix C.8, with all latents as one group).
      warmup_steps: training steps over which the KL's weight rises from 0 to beta (Bowman et al. 2016).
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int,
        latent_dim: int,
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
    ):
        super().__init__(image_shape, levels)
        if latent_dim < 1:
            raise ValueError(f"latent_dim={latent_dim}: must be at least 1")
        for name, value in (("beta", beta), ("free_bits", free_bits), ("warmup_steps", warmup_steps)):
            if value < 0:
                raise ValueError(f"{name}={value}: must not be negative")
        self.latent_dim = latent_dim
        self.beta, self.free_bits, self.warmup_steps = beta, free_bits, warmup_steps

    @abc.abstractmethod
    def prior(self) -> tfd.Distribution:
        """p(z), over float32 [latent_dim]."""

    @abc.abstractmethod
    def encode(self, image: tf.Tensor, training: bool = False) -> tfd.Distribution:
        """q(z | x): uint8 [N, H, W, C] -> N distributions over float32 [latent_dim]."""

    @abc.abstractmethod
    def decode(self, latents: tf.Tensor, training: bool = False) -> Likelihood:
        """p(x | z): float32 [N, latent_dim] -> N distributions over uint8 [H, W, C]."""

    def sample(self, seed: tf.Tensor) -> tf.Tensor:
        """z from the prior, then x from p(x | z): int32 [N, 2] -> uint8 [N, H, W, C]."""
        latent_seed, image_seed = seeds.split(seed, 2)
        return self.decode(sample(self.prior(), latent_seed)).sample(image_seed)

    def reconstruct(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """The mean image of p(x | z), z drawn from q(z | image): uint8 [N, H, W, C], int32 [N, 2] -> uint8."""
        return self.decode(sample(self.encode(image), seed)).image

    def elbo(self, image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """The evidence lower bound on ln p(image) with one posterior sample: [N], nats."""
        return self._elbo(image, seed).value

    def importance_bound(self, image: tf.Tensor, k: int, seed: tf.Tensor, at_once: int = 50) -> tf.Tensor:
        """The bound of Burda et al. 2016 with k posterior samples of each image: [N], nats. k=1 is an ELBO estimate.

        `at_once` of the k samples are decoded together, which sets how much memory it takes, and must divide k.
        """
        at_once = min(k, at_once)
        if k < 1 or k % at_once:
            raise ValueError(f"k={k}: must be a positive multiple of at_once={at_once}")
        prior, posterior = self.prior(), self.encode(image)
        tiled = tf.tile(image, [at_once, 1, 1, 1])

        def bound(chunk):
            chunk_seed = tf.map_fn(lambda row: tf.random.fold_in(row, chunk), seed)
            latents = sample(posterior, chunk_seed, at_once)
            log_likelihood = self.decode(tf.reshape(latents, [-1, self.latent_dim])).log_prob(tiled)
            log_likelihood = tf.reshape(log_likelihood, [at_once, -1])
            return variational.importance_bound(variational.log_weight(prior, posterior, log_likelihood, latents))

        bounds = tf.map_fn(bound, tf.range(k // at_once), fn_output_signature=tf.float32, parallel_iterations=1)
        return variational.importance_bound(tf.ensure_shape(bounds, [k // at_once, None]))

    def _elbo(self, image, seed, training=False) -> variational.ELBO:
        posterior = self.encode(image, training=training)
        latents = sample(posterior, seed)
        return variational.elbo(self.prior(), posterior, self.decode(latents, training=training), image, latents)

    def players(self):
        return (
            Player("model", self._terms, parts=[self], objective=self._objective, units={"bits_per_dim": "bits/dim"}),
        )

    def _terms(self, batch, seed, training):
        elbo = self._elbo(batch["image"], seed, training)
        return {
            "reconstruction": elbo.reconstruction,
            "kl": elbo.kl,
            "negative_elbo": -elbo.value,
            "bits_per_dim": bits_per_dim(-elbo.value, self.image_shape),
        }

    def _objective(self, terms):
        weight = self.beta
        if self.warmup_steps:
            weight *= tf.minimum(1.0, tf.cast(self.step.value, tf.float32) / self.warmup_steps)
        return terms["reconstruction"] + weight * tf.maximum(terms["kl"], self.free_bits)

    def signatures(self):
        image = self.batch_spec["image"]
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        return {
            "encode": Signature(
                self._serve_encode,
                {"image": image},
                f"Mean and standard deviation of q(z | x), [N, {self.latent_dim}].",
            ),
            "decode": Signature(
                self._serve_decode,
                {"latents": latents},
                "Mean and standard deviation of p(x | z) in levels, and the image nearest to the mean.",
            ),
            "reconstruct": Signature(
                lambda image, seed: {"image": self.reconstruct(image, seed)},
                {"image": image, "seed": SEED},
                "The mean image of p(x | z), z drawn from q(z | image).",
            ),
            "sample": Signature(
                lambda seed: {"image": self.sample(seed)},
                {"seed": SEED},
                "One image of each seed row: z from the prior, x from p(x | z).",
            ),
            "elbo": Signature(
                lambda image, seed: {"elbo": self.elbo(image, seed)},
                {"image": image, "seed": SEED},
                "A lower bound on ln p(image) with one posterior sample, nats.",
            ),
        }

    def _serve_encode(self, image):
        posterior = self.encode(image)
        return {"mean": posterior.mean(), "stddev": posterior.stddev()}

    def _serve_decode(self, latents):
        likelihood = self.decode(latents)
        return {"image": likelihood.image, "mean": likelihood.mean, "stddev": likelihood.stddev}
