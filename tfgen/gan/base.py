"""What all GANs share: the game, latents to pictures, and no density."""

import dataclasses
from collections.abc import Callable

import keras
import tensorflow as tf

from tfgen.core import Diagnosis, GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.distributions.latents import Density, Sphere, Uniform, standard_normal
from tfgen.gan.inversion import Inversion, invert
from tfgen.gan.networks import Discriminator, Linear
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.losses.penalties import PENALTIES
from tfgen.ops import images, seeds
from tfgen.ops.augment import AUGMENTATIONS, augment

PRIORS = {"normal": standard_normal, "uniform": Uniform, "sphere": Sphere}
CONDITIONS = ("concatenation", "projection", "auxiliary")
# What draws numbers of its own in a move, beside the latents: what is done to real images and to fakes, the places of a
# penalty, and wrong labels.
NOISE = ("real", "fake", "between", "real_label", "fake_label")
LEAST_DIVERSITY, LARGEST_LOGIT, SURE = 0.1, 1000.0, 6.9  # see `diagnose`; sigmoid(6.9) = 0.999


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
    def noise(self) -> dict[str, tf.Tensor]:
        """Seed rows of their own for all but the latents, by what they are for."""
        return dict(zip(NOISE, seeds.split(self.seed, len(NOISE)), strict=True))

    @once
    def real(self) -> tf.Tensor:
        """float32 [B, H, W, C] in [-1, 1]."""
        return self.model.symmetric(self.batch[self.model.example])

    @once
    def fake(self) -> tf.Tensor:
        """float32 [B, H, W, C] in [-1, 1], of latents that the seed draws and of the batch's condition."""
        latents = self.model.prior().draw(self.seed).value
        return self.model.run(self.model.generator, latents, self.training, **self.condition)

    def _judge(self, pixels, kind):
        disturbed = self.model.disturbed(pixels, self.noise[kind], self.training)
        return self.model.judge(disturbed, self.training, **self.condition)

    @once
    def real_outputs(self) -> dict[str, tf.Tensor]:
        """All that the discriminator says of the real images, by name; "logits" [B] is always there."""
        return self._outputs[0] if self.model.joint_batches else self._judge(self.real, "real")

    @once
    def fake_outputs(self) -> dict[str, tf.Tensor]:
        """All that the discriminator says of the fakes."""
        return self._outputs[1] if self.model.joint_batches else self._judge(self.fake, "fake")

    @once
    def _outputs(self):
        """Of real images and fakes in one batch."""
        kinds = (self.real, "real"), (self.fake, "fake")
        both = [self.model.disturbed(one, self.noise[kind], self.training) for one, kind in kinds]
        condition = {name: tf.concat([value, value], 0) for name, value in self.condition.items()}
        outputs = self.model.judge(tf.concat(both, 0), self.training, **condition)
        halves = {name: tf.split(value, 2) for name, value in outputs.items()}
        return [{name: parts[i] for name, parts in halves.items()} for i in range(2)]

    def judge(self, pixels: tf.Tensor) -> tf.Tensor:
        """The logits [B] of images in [-1, 1], disturbed as real ones are, by the discriminator as it stands: of a term
        that is not of every step no layer may change state, which replicas could not agree on."""
        disturbed = self.model.disturbed(pixels, self.noise["real"], self.training)
        return self.model.judge(disturbed, False, **self.condition)["logits"]

    def flipped(self, kind: str) -> tf.Tensor | None:
        """Which images, bool [B], are given the label of the other kind; None where none are."""
        if not (self.model.label_noise and self.training):
            return None
        return seeds.uniform(self.noise[f"{kind}_label"], []) < self.model.label_noise

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


class Absent:
    """What a model of this family has not, with a sentence that says why."""

    def __init__(self, why: str):
        self.why = why

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, model, owner):
        raise AttributeError(f"{owner.__name__} has no {self.name}: {self.why}")


class AdversarialModel(GenerativeModel):
    """A generator G(z) of images in [-1, 1] against a discriminator D, whose logit is of "x is real".

    In a training step the discriminator moves `discriminator_steps` times, each time on real images and noise of its
    own, then the generator once. A GAN has no `log_prob` and no `encode`: its density is implicit. What is done to the
    images, labels and logits of a training step is in no validation, no picture and no export.

    Args:
      shape: (H, W, C) of images; (D,) of points.
      levels: number of values of a pixel; None of points, which are what they are.
      latent_dim: dimensions of z.
      latents: how z is drawn: "normal", "uniform" in [-1, 1], or on the "sphere" of radius sqrt(latent_dim).
      objective: a name in `losses.adversarial.OBJECTIVES`.
      discriminator_steps: k of Goodfellow et al. 2014, algorithm 1.
      penalties: names in `losses.penalties.PENALTIES`, on the discriminator.
      penalty_weight: of each penalty; 0: its paper's.
      penalty_every: steps between two with penalties, which then count as many times (Karras et al. 2020, "Analyzing
        and Improving the Image Quality of StyleGAN", section 3.1).
      weight_clip: the largest size of a discriminator's weight after its move (Arjovsky et al. 2017); 0: any.
      label_smoothing: the share to which a real image is held to be fake, see `Objective.smoothed`.
      label_noise: the share of images whose labels the discriminator gets wrong.
      instance_noise: standard deviation of noise on all images that the discriminator judges (Sønderby et al. 2017,
        "Amortised MAP Inference for Image Super-resolution", section 3.2.1).
      instance_noise_steps: steps in which that falls to 0; 0: never.
      augmentations: names in `ops.augment.AUGMENTATIONS`, of all images that the discriminator judges.
      joint_batches: real and fake images go through the discriminator in one batch, so that batch norm mixes them.
      conditional: how a label is told, see CONDITIONS: "concatenation" (Mirza and Osindero 2014), "projection" (Miyato
        and Koyama 2018, "cGANs with Projection Discriminator"), or "auxiliary" (Odena et al. 2017, AC-GAN: the
        discriminator also names the class); "": no label. The generator always has it beside its latents.
      num_classes: number of labels.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    # latents [N, latent_dim], and the condition's vector if there is one -> float [N, H, W, C] in [-1, 1]
    generator: keras.layers.Layer
    # float [N, H, W, C] in [-1, 1], and the vector -> logits [N, 1], or a dict of them and of whatever else the added
    # terms look at
    discriminator: keras.layers.Layer
    # (means, rows, seed) -> None, see `Player.after_move`; of a model with state that follows the discriminator.
    after_discriminator: Callable | None = None

    def __init__(
        self,
        shape: tuple[int, ...],
        levels: int | None,
        example: str = "image",
        *,
        latent_dim: int = 100,
        latents: str = "normal",
        objective: str = "non_saturating",
        discriminator_steps: int = 1,
        penalties: tuple[str, ...] = (),
        penalty_weight: float = 0.0,
        penalty_every: int = 1,
        weight_clip: float = 0.0,
        label_smoothing: float = 0.0,
        label_noise: float = 0.0,
        instance_noise: float = 0.0,
        instance_noise_steps: int = 0,
        augmentations: tuple[str, ...] = (),
        joint_batches: bool = False,
        conditional: str = "",
        num_classes: int = 0,
    ):
        super().__init__(shape, levels, example, num_classes=num_classes if conditional else 0)
        for name, values, known in (
            ("latents", [latents], PRIORS),
            ("objective", [objective], OBJECTIVES),
            ("penalties", penalties, PENALTIES),
            ("augmentations", augmentations, AUGMENTATIONS),
            ("conditional", [conditional] if conditional else [], CONDITIONS),
        ):
            if wrong := [value for value in values if value not in known]:
                raise ValueError(f"{name}={wrong[0]!r}: must be one of {', '.join(known)}")
        sizes = {"latent_dim": latent_dim, "discriminator_steps": discriminator_steps, "penalty_every": penalty_every}
        arguments.check(sizes, conditional=bool(conditional), num_classes=num_classes)
        for name, value, most in (
            ("label_smoothing", label_smoothing, 1.0),
            ("label_noise", label_noise, 1.0),
            ("instance_noise", instance_noise, float("inf")),
            ("weight_clip", weight_clip, float("inf")),
            ("penalty_weight", penalty_weight, float("inf")),
        ):
            if not 0.0 <= value < most:
                raise ValueError(f"{name}={value}: must be at least 0" + f" and below {most}" * (most == 1.0))
        self.objective = OBJECTIVES[objective]
        if (label_smoothing or label_noise) and self.objective.boundary is None:
            raise ValueError(
                f"{'label_smoothing' if label_smoothing else 'label_noise'}="
                f"{label_smoothing or label_noise}: is of labels, and objective={objective!r} has none"
            )
        if augmentations and example != "image":
            raise ValueError(f"augmentations={augmentations}: are of images")
        self.latent_dim, self.latents, self.penalties = latent_dim, latents, penalties
        self.discriminator_steps, self.conditional = discriminator_steps, conditional
        self.penalty_every, self.weight_clip = penalty_every, weight_clip
        self.label_smoothing, self.label_noise = label_smoothing, label_noise
        self.instance_noise, self.instance_noise_steps = instance_noise, instance_noise_steps
        self.augmentations, self.joint_batches = augmentations, joint_batches
        # What is added to the terms of the objective, by the names that it has in the logs.
        self.discriminator_additions = {
            name: Addition(penalty_weight or PENALTIES[name].weight, self._penalty(name), "1") for name in penalties
        }
        self.generator_additions = {}
        if conditional == "auxiliary":
            self.discriminator_additions |= {"real_class": Addition(1.0, lambda move: _class_error(move, "real"))}
            self.discriminator_additions |= {"fake_class": Addition(1.0, lambda move: _class_error(move, "fake"))}
            self.generator_additions |= {"fooling_class": Addition(1.0, lambda move: _class_error(move, "fake"))}

    log_prob = Absent(
        "the density of a GAN is implicit; how near its samples come to the data is told by `trainers.evaluate`, and "
        "how real an image looks to its discriminator by `discriminate`"
    )
    encode = Absent("a GAN has no posterior; the latents whose picture is nearest to an image are found by `invert`")

    def discriminator_on(self, body: keras.layers.Layer, linear: Linear) -> Discriminator:
        """A discriminator on features, by the model's way of telling the label and its objective."""
        bias = self.objective.boundary is not None  # else it would cancel
        return Discriminator(body, linear, self.conditional, self.num_classes, bias)

    def make_variables(self):
        super().make_variables()
        if self.weight_clip:
            for variable in self.discriminator.trainable_variables:
                variable.constraint = Clip(self.weight_clip)

    def prior(self) -> Density:
        """p(z), over float32 [latent_dim]."""
        return PRIORS[self.latents](self.latent_dim)

    def symmetric(self, example: tf.Tensor) -> tf.Tensor:
        """uint8 [N, H, W, C] -> float32 in [-1, 1]; points as they are."""
        return images.to_symmetric(example, self.levels) if self.levels else example

    def shown(self, pixels: tf.Tensor) -> tf.Tensor:
        """float32 [N, H, W, C] in [-1, 1] -> uint8; points as they are."""
        return images.from_symmetric(pixels, self.levels) if self.levels else pixels

    def pixels(self, latents: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """G(z): float32 [N, latent_dim] -> float32 [N, H, W, C] in [-1, 1], with gradients."""
        return tf.cast(self.run(self.generator, latents, training=False, **condition), tf.float32)

    def generate(self, latents: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """float32 [N, latent_dim] -> uint8 [N, H, W, C]."""
        return self.shown(self.pixels(latents, **condition))

    def sample(self, seed: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """One image of each seed row: int32 [N, 2] -> uint8 [N, H, W, C]."""
        return self.generate(self.prior().draw(seed).value, **condition)

    def discriminate(self, image: tf.Tensor, **condition: tf.Tensor) -> tf.Tensor:
        """The logit of "this image is real": uint8 [N, H, W, C] -> float32 [N]."""
        return self.judge(self.symmetric(image), training=False, **condition)["logits"]

    def invert(self, image: tf.Tensor, seed: tf.Tensor, starts: int = 4, **condition: tf.Tensor) -> Inversion:
        """The latents whose picture is nearest, of several draws of the prior that descend towards it.

        Args:
          image: uint8 [N, H, W, C].
          seed: int32 [N, 2], of the draws.
          starts: how many for each image.
        """
        latents = [self.prior().draw(own).value for own in seeds.split(seed, starts)]
        repeated = {name: tf.repeat(value, starts, axis=0) for name, value in condition.items()}
        return invert(lambda z: self.pixels(z, **repeated), self.symmetric(image), tf.stack(latents, axis=1))

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

    def disturbed(self, pixels: tf.Tensor, seed: tf.Tensor, training: bool) -> tf.Tensor:
        """Images as the discriminator sees them in training: augmented, and under noise."""
        if not training:
            return pixels
        if self.augmentations:
            pixels = augment(tf.cast(pixels, tf.float32), self.augmentations, seed)
        if self.instance_noise:
            stddev = self.instance_noise
            if self.instance_noise_steps:
                stddev *= tf.nn.relu(1.0 - tf.cast(self.step.value, tf.float32) / self.instance_noise_steps)
            pixels += tf.cast(stddev * seeds.normal(seed, self.shape), pixels.dtype)
        return pixels

    def players(self):
        return (
            self._player(
                "discriminator",
                self._discriminator_terms,
                self.discriminator,
                self.discriminator_additions,
                updates=self.discriminator_steps,
                after_move=self.after_discriminator,
            ),
            self._player("generator", self._generator_terms, self.generator, self.generator_additions),
        )

    def _player(self, name, objective_terms, network, additions, **options):
        def terms(batch, seed, training):
            move = Move(self, batch, seed, training)
            return objective_terms(move) | {name: addition.term(move) for name, addition in additions.items()}

        watches = self.objective.watches

        def loss(terms):
            weights = dict.fromkeys(terms, 1.0) | {name: addition.weight for name, addition in additions.items()}
            return tf.add_n([weights[name] * term for name, term in terms.items() if name not in watches])

        units = dict.fromkeys(("real", "fake", "pairs", "fooling", "loss"), self.objective.unit)
        units |= watches | {name: addition.unit for name, addition in additions.items()}
        return Player(name, terms, parts=[network], objective=loss, units=units, **options)

    def _discriminator_terms(self, move):
        smoothed = self.label_smoothing and move.training
        objective = self.objective.smoothed(self.label_smoothing) if smoothed else self.objective
        return objective.discriminator_terms(move) | self.objective.watched(move)

    def _generator_terms(self, move):
        return self.objective.generator_terms(move)

    def _penalty(self, name):
        """The term of a penalty; where it is of every n-th step of training, n times as large there and 0 elsewhere."""

        def term(move):
            if self.penalty_every == 1 or not move.training:
                return PENALTIES[name].term(move)
            _ = move.noise  # made here, not within a branch, whose tensors no other term could use
            return tf.cond(
                self.step.value % self.penalty_every == 0,
                lambda: self.penalty_every * PENALTIES[name].term(move),
                lambda: tf.zeros([tf.shape(move.real)[0]]),
            )

        return term

    def diagnose(self, batch):
        """How much samples differ, as a share of what examples do: their mean squared distance; and what went wrong.

        A generator has collapsed where that share is below a tenth. A game is lost to the discriminator where it is
        sure (D < 0.001) of fakes and of examples alike, and has diverged where logits are larger than 1,000; these are
        told of logits that have a boundary.
        """
        condition, example = self.condition(batch), self.symmetric(batch[self.example])
        fake = self.pixels(self.prior().draw(seeds.seed_rows(len(example))).value, **condition)
        share = float(_spread(fake) / tf.maximum(_spread(example), 1e-12))
        warnings = {}
        if share < LEAST_DIVERSITY:
            warnings["diversity"] = (
                f"the generator has collapsed: its samples differ by {100 * share:.1f} % of what examples do; try "
                "--hparams=penalties=r1,normalized=generator, another objective, label_noise=0.1, or a lower rate"
            )
        if self.objective.boundary is not None:
            judged = [self.judge(pixels, False, **condition)["logits"] for pixels in (example, fake)]
            real, fake = (logits.numpy() - self.objective.boundary for logits in judged)
            if (largest := max(abs(real).max(), abs(fake).max())) > LARGEST_LOGIT:
                warnings["logits"] = (
                    f"the game diverges: a logit is {largest:.0f}; try a lower learning rate, a penalty, or "
                    "--hparams=spectral_norm=true"
                )
            elif self.objective.unit == "nats" and real.min() > SURE and fake.max() < -SURE:
                warnings["logits"] = (
                    "the discriminator is sure of every example and of every fake, so that the generator learns "
                    "little: try --players=discriminator.learning_rate=1e-4, --hparams=instance_noise=0.1 or a penalty"
                )
        return Diagnosis({"diversity": round(share, 4)}, warnings)

    def signatures(self):
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")
        return {
            "generate": Signature(
                self._serve_generate,
                {"latents": latents} | self.condition_spec,
                f"The {self.example} that the generator makes of the latents"
                + (", and its pixels as floats in [-1, 1]." if self.levels else "."),
            ),
            "sample": Signature(
                lambda **inputs: {self.example: self.sample(**inputs)},
                {"seed": SEED} | self.condition_spec,
                f"One {self.example} of each seed row, its latents drawn from the prior.",
            ),
            "discriminate": Signature(
                lambda **inputs: {"logits": self.discriminate(inputs.pop(self.example), **inputs)},
                self.batch_spec,
                f'The logit of "this {self.example} is real", [N].',
            ),
        }

    def _serve_generate(self, **inputs):
        pixels = self.pixels(**inputs)
        return {self.example: self.shown(pixels)} | ({"pixels": pixels} if self.levels else {})


def _spread(pixels: tf.Tensor) -> tf.Tensor:
    """The mean over dimensions of their variance over examples: half of the mean squared distance of two."""
    return tf.reduce_mean(tf.math.reduce_variance(tf.cast(pixels, tf.float32), axis=0))


class Clip(keras.constraints.Constraint):
    """Values no larger than `largest` in size."""

    def __init__(self, largest: float):
        self.largest = largest

    def __call__(self, value):
        return tf.clip_by_value(value, -self.largest, self.largest)


def _class_error(move: Move, kind: str) -> tf.Tensor:
    """-ln P(label) by the discriminator's classifier, [B] (Odena et al. 2017, "Conditional Image Synthesis With
    Auxiliary Classifier GANs", eq. 3)."""
    outputs = move.real_outputs if kind == "real" else move.fake_outputs
    return tf.nn.sparse_softmax_cross_entropy_with_logits(move.condition["label"], outputs["classes"])
