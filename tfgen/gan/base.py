"""What all GANs of images share: the game, latents to pictures, and no density."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature
from tfgen.core.signature import SEED
from tfgen.distributions.latents import DiagonalGaussian, standard_normal
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.ops import images

ACCURACIES = ("real_accuracy", "fake_accuracy")  # watched, not minimised


class once:  # noqa: N801
    """A property that is computed when it is first asked for, and once.

    `functools.cached_property` holds a lock that all its objects share: replicas that trace side by side, and wait for
    each other in a reduction, would wait for ever.
    """

    def __init__(self, function: Callable):
        self.function = function

    def __get__(self, owner, _):
        value = owner.__dict__[self.function.__name__] = self.function(owner)
        return value


class Move:
    """What the terms of one move are made of, each computed when it is first asked for, and once.

    `batch`, `seed` and `training` are those of the move, `condition` what the batch is conditioned on.
    """

    def __init__(self, model: "AdversarialModel", batch: dict[str, tf.Tensor], seed: tf.Tensor, training: bool):
        self.model, self.batch, self.seed, self.training = model, batch, seed, training
        self.condition = model.condition(batch)

    @once
    def real(self) -> tf.Tensor:
        """float32 [B, H, W, C] in [-1, 1]."""
        return images.to_symmetric(self.batch["image"], self.model.levels)

    @once
    def fake(self) -> tf.Tensor:
        """float32 [B, H, W, C] in [-1, 1], of latents that the seed draws and of the batch's condition."""
        latents = self.model.prior().draw(self.seed).value
        return self.model.run(self.model.generator, latents, self.training, **self.condition)

    @once
    def real_outputs(self) -> dict[str, tf.Tensor]:
        """All that the discriminator says of the real images, by name; "logits" [B] is always there."""
        return self.model.judge(self.real, self.training, **self.condition)

    @once
    def fake_outputs(self) -> dict[str, tf.Tensor]:
        """All that the discriminator says of the fakes."""
        return self.model.judge(self.fake, self.training, **self.condition)

    @property
    def real_logits(self) -> tf.Tensor:
        return self.real_outputs["logits"]

    @property
    def fake_logits(self) -> tf.Tensor:
        return self.fake_outputs["logits"]


@dataclasses.dataclass(frozen=True)
class Addition:
    """A term that a model adds to a player's loss: a penalty, an auxiliary classifier, a distance of features.

    Args:
      weight: of the term in the loss; what is logged is the term itself.
      term: `term(move)` -> float32 [B].
      unit: of the term, for the logs.
    """

    weight: float
    term: Callable[[Move], tf.Tensor]
    unit: str = "nats"


class AdversarialModel(GenerativeModel):
    """A generator G(z) of images in [-1, 1] against a discriminator D(x) = sigmoid(logit of "x is real").

    In a training step the discriminator moves `discriminator_steps` times, each time on real images and noise of its
    own, then the generator once. A GAN has no `log_prob` and no `encode`: its density is implicit. A model of labelled
    images has networks that are called with the condition's vector as well, and verbs that want label=int32 [N].

    Args:
      latent_dim: dimensions of z ~ N(0, I).
      objective: a name in `losses.adversarial.OBJECTIVES`.
      discriminator_steps: k of Goodfellow et al. 2014, algorithm 1.
      num_classes: 0, or the number of labels that both players are conditioned on.
    """

    generator: keras.layers.Layer  # latents [N, latent_dim] -> float [N, H, W, C] in [-1, 1]
    # float [N, H, W, C] in [-1, 1] -> logits [N, 1], or a dict of them and of whatever else the added terms look at
    discriminator: keras.layers.Layer
    # What a model adds to the terms of its objective, by the names that they have in the logs.
    discriminator_additions: dict[str, Addition] = {}
    generator_additions: dict[str, Addition] = {}

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int,
        latent_dim: int,
        objective: str,
        discriminator_steps: int,
        num_classes: int = 0,
    ):
        super().__init__(image_shape, levels, num_classes=num_classes)
        if objective not in OBJECTIVES:
            raise ValueError(f"objective={objective!r}: must be one of {sorted(OBJECTIVES)}")
        for name, value in (("latent_dim", latent_dim), ("discriminator_steps", discriminator_steps)):
            if value < 1:
                raise ValueError(f"{name}={value}: must be at least 1")
        self.latent_dim = latent_dim
        self.objective = OBJECTIVES[objective]
        self.discriminator_steps = discriminator_steps

    def prior(self) -> DiagonalGaussian:
        """p(z) = N(0, I), over float32 [latent_dim]."""
        return standard_normal(self.latent_dim)

    def pixels(self, latents: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """G(z): float32 [N, latent_dim] -> float32 [N, H, W, C] in [-1, 1], with gradients."""
        return tf.cast(self.run(self.generator, latents, training=False, **condition), tf.float32)

    def generate(self, latents: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """float32 [N, latent_dim] -> uint8 [N, H, W, C]."""
        return images.from_symmetric(self.pixels(latents, **condition), self.levels)

    def sample(self, seed: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """One image of each seed row: int32 [N, 2] -> uint8 [N, H, W, C]."""
        return self.generate(self.prior().draw(seed).value, **condition)

    def discriminate(self, image: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """The logit of "this image is real": uint8 [N, H, W, C] -> float32 [N]."""
        return self.judge(images.to_symmetric(image, self.levels), training=False, **condition)["logits"]

    def run(self, network, value: tf.Tensor, training: bool, **condition: tf.Tensor):
        """What a network answers to a value, and to the condition where there is one."""
        vector = self.vector(**condition)
        return network(value, training=training) if vector is None else network(value, vector, training=training)

    def judge(self, pixels: tf.Tensor, training: bool, **condition: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the discriminator says of images in [-1, 1], by name, in float32; "logits" is [N]."""
        outputs = self.run(self.discriminator, pixels, training, **condition)
        outputs = outputs if isinstance(outputs, dict) else {"logits": outputs}
        outputs = {name: tf.cast(value, tf.float32) for name, value in outputs.items()}
        return outputs | {"logits": outputs["logits"][:, 0]}

    def players(self):
        return (
            self._player(
                "discriminator",
                self._discriminator_terms,
                self.discriminator,
                self.discriminator_additions,
                updates=self.discriminator_steps,
            ),
            self._player("generator", self._generator_terms, self.generator, self.generator_additions),
        )

    def _player(self, name, objective_terms, network, additions, updates=1):
        def terms(batch, seed, training):
            move = Move(self, batch, seed, training)
            return objective_terms(move) | {name: addition.term(move) for name, addition in additions.items()}

        def loss(terms):
            weights = {name: addition.weight for name, addition in additions.items()}
            return tf.add_n([weights.get(name, 1.0) * term for name, term in terms.items() if name not in ACCURACIES])

        units = dict.fromkeys(ACCURACIES, "fraction") | {name: addition.unit for name, addition in additions.items()}
        return Player(name, terms, parts=[network], updates=updates, objective=loss, units=units)

    def _discriminator_terms(self, move):
        return self.objective.discriminator_terms(move) | {
            "real_accuracy": tf.cast(move.real_logits > 0, tf.float32),
            "fake_accuracy": tf.cast(move.fake_logits < 0, tf.float32),
        }

    def _generator_terms(self, move):
        return self.objective.generator_terms(move)

    def signatures(self):
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        return {
            "generate": Signature(
                self._serve_generate,
                {"latents": latents} | self.condition_spec,
                "The image that the generator makes of the latents, and its pixels as floats in [-1, 1].",
            ),
            "sample": Signature(
                lambda **inputs: {"image": self.sample(**inputs)},
                {"seed": SEED} | self.condition_spec,
                "One image of each seed row, its latents drawn from N(0, I).",
            ),
            "discriminate": Signature(
                lambda **inputs: {"logits": self.discriminate(**inputs)},
                self.batch_spec,
                'The logit of "this image is real", [N].',
            ),
        }

    def _serve_generate(self, **inputs):
        pixels = self.pixels(**inputs)
        return {"image": images.from_symmetric(pixels, self.levels), "pixels": pixels}
