"""What all latent-variable models share: the bound they are trained on, the bounds they report, ancestral sampling."""

import abc
from collections.abc import Callable, Mapping

import tensorflow as tf

from tfgen.core import Diagnosis, GenerativeModel, Player, Signature
from tfgen.core.signature import SEED
from tfgen.distributions.latents import BottomUp, Density, DiagonalGaussian, Drawn, Latents, Mixture, repeat
from tfgen.distributions.likelihoods import Likelihood
from tfgen.losses import variational
from tfgen.metrics import latents as latent_metrics
from tfgen.metrics.likelihood import bits_per_dim
from tfgen.ops import images, replicas, seeds


class LatentVariableModel(GenerativeModel):
    """p(x) = integral of p(z) p(x | z) dz, trained on a lower bound with the posterior q(z | x).

    The loss is reconstruction + beta * (sum over the layers of z of max(kl, free_bits)), where that kl is the mean over
    the batch of all replicas, plus what a model adds; with several `samples` it is the bound of Burda et al. 2016 with
    the sign turned. What is logged are the plain terms in nats. A conditional model hands its condition, by name, to
    each of its distributions and wants it in each of its verbs.

    Args:
      beta: weight of the KL; above 1 it is the beta-VAE (Higgins et al. 2017).
      free_bits: nats of a layer's KL that cost nothing (Kingma et al. 2016, "Improved Variational Inference with
        Inverse Autoregressive Flow", appendix C.8; its groups are the layers here).
      warmup_steps: training steps over which the KL's weight rises from 0 to beta (Bowman et al. 2016).
      samples: k of the bound that is trained on ("Importance Weighted Autoencoders", eq. 8); 1 is the ELBO.
      doubly_reparameterised: whether the posterior learns by the gradient of Tucker et al. 2019; of models whose
        posterior has no parameters but its features.
      num_classes: see `GenerativeModel`.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int,
        beta: float = 1.0,
        free_bits: float = 0.0,
        warmup_steps: int = 0,
        samples: int = 1,
        doubly_reparameterised: bool = False,
        num_classes: int = 0,
    ):
        super().__init__(image_shape, levels, num_classes=num_classes)
        of_the_kl = {"free_bits": free_bits, "warmup_steps": warmup_steps, "beta": beta}
        for name, value in of_the_kl.items():
            if value < 0:
                raise ValueError(f"{name}={value}: must not be negative")
            if samples > 1 and value != (name == "beta"):
                raise ValueError(f"{name}={value}: the bound of samples={samples} has no KL to weigh; leave it out")
        if samples < 1:
            raise ValueError(f"samples={samples}: must be at least 1")
        if doubly_reparameterised and samples == 1:
            raise ValueError(
                "doubly_reparameterised=True: is of several samples; give samples=50 or so, or leave it out"
            )
        self.beta, self.free_bits, self.warmup_steps = beta, free_bits, warmup_steps
        self.samples, self.doubly_reparameterised = samples, doubly_reparameterised

    # Terms beside the bound, by name: the weight of each, and a function (posterior, what was drawn) -> [B], nats.
    additions: Mapping[str, tuple[float, Callable[[Latents, Drawn], tf.Tensor]]] = {}

    terms_by_step = ("reconstruction", "kl")

    @abc.abstractmethod
    def prior(self, **condition: tf.Tensor) -> Density:
        """p(z), of a vector or of several in layers."""

    @abc.abstractmethod
    def features(self, pixels: tf.Tensor, training: bool = False, **condition: tf.Tensor):
        """All that q(z | x) knows of x: float32 [N, H, W, C] in [-1, 1] -> tensors [N, ...], one or a tree of them.

        They are made once for an image, and repeated for its samples.
        """

    @abc.abstractmethod
    def posterior(self, features, training: bool = False) -> Latents:
        """q(z | x), a row for each of the features."""

    @abc.abstractmethod
    def decode(
        self, latents, seed: tf.Tensor | None = None, training: bool = False, **condition: tf.Tensor
    ) -> Likelihood:
        """p(x | z) over uint8 [N, H, W, C] of z as the prior draws it: float32 [N, D], or a tuple of its layers.

        `seed`, int32 [N, 2], is given in training, to what needs noise.
        """

    def encode(self, image: tf.Tensor, training: bool = False, **condition: tf.Tensor) -> Latents:
        """q(z | x) of uint8 [N, H, W, C]."""
        features = self.features(images.to_symmetric(image, self.levels), training=training, **condition)
        return self.posterior(features, training=training)

    def sample(self, seed: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """z from the prior, then x from p(x | z): int32 [N, 2] -> uint8 [N, H, W, C]."""
        latent_seed, image_seed = seeds.split(seed, 2)
        latents = self.prior(**condition).draw(latent_seed).value
        return self.decode(latents, **condition).sample(image_seed)

    def reconstruct(self, image: tf.Tensor, seed: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """What p(x | z) shows, its mean image or a sample, z drawn from q(z | image): uint8 [N, H, W, C], int32 [N, 2]
        -> uint8."""
        latents = self.encode(image, **condition).draw(seed).value
        return self.decode(latents, **condition).show(_other(seed))

    def elbo(self, image: tf.Tensor, seed: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """The evidence lower bound on ln p(image) with one posterior sample: [N], nats."""
        return self._elbo(self.encode(image, **condition), image, seed, **condition).value

    def importance_bound(
        self, image: tf.Tensor, k: int, seed: tf.Tensor, at_once: int = 50, **condition: tf.Tensor
    ) -> tf.Tensor:
        """The bound of Burda et al. 2016 with k posterior samples of each image: [N], nats. k=1 is an ELBO estimate.

        `at_once` of the k samples are decoded together, which sets how much memory it takes, and must divide k.
        """
        at_once = min(k, at_once)
        features = self.features(images.to_symmetric(image, self.levels), **condition)
        image, features, condition = repeat((image, features, condition), at_once)

        def log_weights(rows):
            return self._weight(image, features, rows, **condition).value

        return variational.importance_bound_in_chunks(log_weights, seed, k, at_once)

    def _elbo(self, posterior, image, seed, training=False, **condition) -> variational.ELBO:
        decode = self._decoder(seed, training, **condition)
        return variational.elbo(self.prior(**condition), posterior, decode, image, seed)

    def _weight(self, image, features, seed, training=False, **condition) -> variational.Weight:
        """Of a posterior sample for each row of the features."""
        prior, posterior = self.prior(**condition), self.posterior(features, training=training)
        decode = self._decoder(seed, training, **condition)
        if training and self.doubly_reparameterised:
            frozen = self.posterior(tf.nest.map_structure(tf.stop_gradient, features), training=training)
            return variational.doubly_reparameterised_weight(
                prior, posterior, frozen, decode, image, seed, self.samples
            )
        return variational.weight(prior, posterior, decode, image, seed)

    def _decoder(self, seed, training, **condition) -> Callable[..., Likelihood]:
        noise = _other(seed) if training else None
        return lambda latents: self.decode(latents, seed=noise, training=training, **condition)

    def players(self):
        terms, objective = self._terms, self._objective
        if self.samples > 1:
            terms, objective = self._importance_terms, lambda terms: terms["negative_bound"]
        return (Player("model", terms, parts=[self], objective=objective, units={"bits_per_dim": "bits/dim"}),)

    def _terms(self, batch, seed, training):
        image, condition = batch["image"], self.condition(batch)
        posterior = self.encode(image, training=training, **condition)
        elbo = self._elbo(posterior, image, seed, training, **condition)
        layers = elbo.kl_of_layers if len(elbo.kl_of_layers) > 1 else []
        return {
            "reconstruction": elbo.reconstruction,
            "kl": elbo.kl,
            **{f"kl_{i}": kl for i, kl in enumerate(layers, 1)},
            "negative_elbo": -elbo.value,
            "bits_per_dim": bits_per_dim(-elbo.value, self.image_shape),
            **{name: function(posterior, elbo.drawn) for name, (_, function) in self.additions.items()},
        }

    def _objective(self, terms):
        weight = self.beta
        if self.warmup_steps:
            weight *= tf.minimum(1.0, tf.cast(self.step.value, tf.float32) / self.warmup_steps)
        groups = [kl for name, kl in terms.items() if name.startswith("kl_")] or [terms["kl"]]
        kl = tf.add_n([self._with_free_bits(kl) for kl in groups])
        return tf.add_n([terms["reconstruction"], weight * kl, *(w * terms[n] for n, (w, _) in self.additions.items())])

    def _importance_terms(self, batch, seed, training):
        """The bound, and its terms as the mean over the samples."""
        image, condition = batch["image"], self.condition(batch)
        features = self.features(images.to_symmetric(image, self.levels), training=training, **condition)
        image, features, condition = repeat((image, features, condition), self.samples)
        weight = self._weight(image, features, seeds.repeat(seed, self.samples), training, **condition)
        weights = variational.Weight(*(tf.reshape(part, [self.samples, -1]) for part in weight))
        bound = variational.importance_bound(weights.value)
        return {
            "reconstruction": -tf.reduce_mean(weights.likelihood, axis=0),
            "kl": tf.reduce_mean(weights.posterior - weights.prior, axis=0),
            "negative_elbo": -tf.reduce_mean(weights.value, axis=0),
            "negative_bound": -bound,
            "bits_per_dim": bits_per_dim(-bound, self.image_shape),
        }

    def _with_free_bits(self, kl):
        """[B] whose mean over the batch of all replicas is max(mean of kl, free_bits)."""
        if not self.free_bits:
            return kl
        mean = tf.reduce_mean(replicas.gather_batch(tf.stop_gradient(kl)))
        return tf.where(mean > self.free_bits, kl, self.free_bits)

    def diagnose(self, batch):
        """Active units of each layer, its KL of each dimension where that has a closed form; of one layer of diagonal
        normals the mutual information of image and latents too, of which a batch of B shows ln B nats at most."""
        condition, image = self.condition(batch), batch["image"]
        prior, posterior = self.prior(**condition), self.encode(image, **condition)
        one, other = (posterior.draw(seeds.step_rows(0, 0, stream, len(image))) for stream in range(2))
        names = list(_by_name(one.value))
        layers, again = (drawn.layers or ((posterior, drawn),) for drawn in (one, other))
        priors = prior.given(one.value) if one.layers else [prior]
        figures, warnings = {}, {}
        for i, (name, kl) in enumerate(zip(names, posterior.kl(prior, one), strict=True)):
            of = name.removeprefix("latents")
            means, others = (latents.moments().get("mean", drawn.value) for latents, drawn in (layers[i], again[i]))
            units = figures[f"active_units{of}"] = latent_metrics.active_units(means.numpy(), others.numpy())
            top_down = not isinstance(posterior, BottomUp)  # else its prior knows what was drawn
            if top_down and all(isinstance(normal, DiagonalGaussian) for normal in (layers[i][0], priors[i])):
                each = tf.reduce_mean(layers[i][0].kl_of_dimensions(priors[i]), axis=0)
                figures[f"kl_of_dimensions{of}"] = [round(float(nats), 4) for nats in each]
            if not units and int(self.step.numpy()) > self.warmup_steps:
                nats = float(tf.reduce_mean(kl))
                warnings[name] = (
                    f"the posterior of {name} has collapsed to its prior: of its {means.shape[-1]} units none is "
                    f"active (KL {nats:.3f} nats), so the decoder does without them; try --hparams=free_bits=1 or "
                    "warmup_steps=5000, or a weaker decoder"
                )
        if isinstance(posterior, DiagonalGaussian):
            # KL(q(z | x) || q(z)) in the mean: Hoffman and Johnson 2016, "ELBO surgery", section 2.
            aggregated = Mixture(tf.zeros([len(image)]), posterior)
            information = tf.reduce_mean(one.log_prob - aggregated.log_prob(one.value))
            figures["mutual_information"] = round(float(information), 4)
        return Diagnosis(figures, warnings)

    def signatures(self):
        image, condition = {"image": self.batch_spec["image"]}, self.condition_spec
        one = {name: tf.zeros([1, *spec.shape[1:]], spec.dtype) for name, spec in condition.items()}
        value = self.prior(**one).draw(seeds.seed_rows(1)).value
        likelihood = self.decode(value, **one)
        latents = {name: tf.TensorSpec([None, *z.shape[1:]], z.dtype, name=name) for name, z in _by_name(value).items()}
        shown = "A sample" if likelihood.shows_sample else "The mean image"
        moments = "; its mean and standard deviation in levels" * bool(likelihood.moments())

        def encode(image, seed, **condition):
            posterior = self.encode(image, **condition)
            return posterior.moments() | _by_name(posterior.draw(seed).value)

        def decode(seed=None, **inputs):
            z = tuple(inputs.pop(name) for name in latents)
            likelihood = self.decode(z if isinstance(value, tuple) else z[0], **inputs)
            return {"image": likelihood.show(seed)} | likelihood.moments()

        return {
            "encode": Signature(
                encode,
                image | {"seed": SEED} | condition,
                "A sample of q(z | x); its mean and standard deviation where they have a closed form.",
            ),
            "decode": Signature(
                decode,
                latents | ({"seed": SEED} if likelihood.shows_sample else {}) | condition,
                f"{shown} of p(x | z){moments}.",
            ),
            "reconstruct": Signature(
                lambda **inputs: {"image": self.reconstruct(**inputs)},
                image | {"seed": SEED} | condition,
                f"{shown} of p(x | z), z drawn from q(z | image).",
            ),
            "sample": Signature(
                lambda **inputs: {"image": self.sample(**inputs)},
                {"seed": SEED} | condition,
                "One image of each seed row: z from the prior, x from p(x | z).",
            ),
            "elbo": Signature(
                lambda **inputs: {"elbo": self.elbo(**inputs)},
                image | {"seed": SEED} | condition,
                "A lower bound on ln p(image) with one posterior sample, nats.",
            ),
        }


def _other(seed: tf.Tensor) -> tf.Tensor:
    """Seeds for the likelihood where the latents are drawn with `seed`."""
    return seeds.split(seed, 1)[0]


def _by_name(latents) -> dict[str, tf.Tensor]:
    """What is served of z: "latents" of one layer; of several "latents_1" (the top), "latents_2", ..."""
    if isinstance(latents, tuple):
        return {f"latents_{i}": z for i, z in enumerate(latents, 1)}
    return {"latents": latents}
