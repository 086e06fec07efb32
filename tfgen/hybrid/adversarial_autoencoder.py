"""Adversarial autoencoders: Alireza Makhzani, Jonathon Shlens, Navdeep Jaitly, Ian Goodfellow, Brendan Frey, 2016,
"Adversarial Autoencoders", https://arxiv.org/abs/1511.05644."""

import math

import tensorflow as tf

from tfgen.core import Diagnosis, GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.distributions.latents import Density, DiagonalGaussian, Mixture, OneHot, SideBySide, standard_normal
from tfgen.distributions.points import Picture, Point
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.metrics.latents import mean_discrepancy
from tfgen.ops import images, seeds
from tfgen.vae.networks import mlp_decoder, mlp_encoder


def ring(dim: int, components: int = 10, radius: float = 4.0, stddev: float = 0.5) -> Mixture:
    """Normals round a circle in the first two dimensions (figure 4, where they are longer outwards)."""
    angle = 2.0 * math.pi / components * tf.range(components, dtype=tf.float32)
    return _along(dim, radius * tf.stack([tf.cos(angle), tf.sin(angle)], axis=1), stddev)


def swiss_roll(
    dim: int, components: int = 200, radius: float = 4.0, turns: float = 1.5, stddev: float = 0.15
) -> Mixture:
    """A band rolled up in the first two dimensions (figure 4), as many narrow normals along it, so that its density is
    known."""
    share = tf.sqrt(tf.linspace(0.05, 1.0, components))  # as dense outside as inside
    angle = 2.0 * math.pi * turns * share
    return _along(dim, radius * share[:, None] * tf.stack([tf.cos(angle), tf.sin(angle)], axis=1), stddev)


def _along(dim: int, centres: tf.Tensor, stddev: float) -> Mixture:
    count = centres.shape[0]
    others = tf.zeros([count, dim - 2])
    spread = tf.concat([tf.fill([count, 2], stddev), tf.ones([count, dim - 2])], axis=1)
    return Mixture(tf.zeros([count]), DiagonalGaussian(tf.concat([centres, others], axis=1), spread))


PRIORS = {"normal": standard_normal, "ring": ring, "swiss_roll": swiss_roll}


class AdversarialCodes(GenerativeModel):
    """An autoencoder whose codes a discriminator holds to a prior: what the KL does in a VAE, done by a game.

    Three players move in turn (section 2). The autoencoder makes pictures again, by the squared error. The
    discriminator tells draws of the prior from codes. The generator, which is the encoder once more, makes codes that
    are taken for draws. So any prior that can be drawn from will do. The encoder is deterministic, as the paper's is on
    MNIST.

    A code is K numbers of a softmax, where it has a class, and then its style z [D]; each of the two has a
    discriminator of its own.

    Args:
      style_dim: D.
      width, depth: of the hidden layers of all networks, which are rectified (appendix A).
      prior: p(z), a row of `PRIORS`.
      noise: standard deviation of what is added to the encoder's pixels, in [-1, 1], in training (appendix A.2).
      classes: K; 0 without a class.
      num_classes: of a label that the decoder is told.
    """

    # Whether a batch tells the label of some examples, and of the others K: these alone make and play for codes.
    labelled = False

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int,
        style_dim: int,
        width: int,
        depth: int,
        prior: str,
        noise: float,
        classes: int = 0,
        num_classes: int = 0,
    ):
        super().__init__(image_shape, levels, num_classes=num_classes)
        arguments.check({"latent_dim": style_dim, "width": width, "depth": depth})
        if prior not in PRIORS:
            raise ValueError(f"prior={prior!r}: must be one of {', '.join(PRIORS)}")
        if prior != "normal" and style_dim < 2:
            raise ValueError(f"latent_dim={style_dim}: prior={prior!r} lies in two dimensions at least")
        if noise < 0:
            raise ValueError(f"noise={noise}: must not be negative")
        self.latent_dim, self.style_dim, self.classes = classes + style_dim, style_dim, classes
        self.prior_of_style, self.noise, self.objective = PRIORS[prior], noise, OBJECTIVES["non_saturating"]
        self.encoder = mlp_encoder(width, depth, self.latent_dim, "relu")
        self.decoder = mlp_decoder(width, depth, self.image_shape, "relu")
        parts = ["style", *(["class"] if classes else [])]
        self.discriminators = {name: mlp_encoder(width, depth, 1, "relu") for name in parts}

    def prior(self, label: tf.Tensor | None = None) -> Density:
        """p(z), or of a code with a class p(y) p(z): K numbers, then z; the same for every label."""
        style = self.prior_of_style(self.style_dim)
        classes = OneHot(tf.zeros([self.classes])) if self.classes else None
        return SideBySide((classes, self.classes), (style, self.style_dim)) if classes else style

    def encode(self, image: tf.Tensor, training: bool = False, label: tf.Tensor | None = None) -> Point:
        """The code of uint8 [N, H, W, C]: P(class) where it has one, then z."""
        return Point(self._code(images.to_symmetric(image, self.levels), training))

    def decode(self, latents: tf.Tensor, seed=None, training: bool = False, label: tf.Tensor | None = None) -> Picture:
        """The picture of a code float32 [N, K + D]; `seed` is for models that draw."""
        return Picture(self._pixels(latents, training, label) * (self.levels - 1.0), self.levels)

    def sample(self, seed: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
        """A code of the prior, decoded: int32 [N, 2] -> uint8 [N, H, W, C]."""
        return self.decode(self.prior().draw(seed).value, label=label).show()

    def reconstruct(self, image: tf.Tensor, seed: tf.Tensor | None = None, label: tf.Tensor | None = None) -> tf.Tensor:
        """uint8 [N, H, W, C] -> uint8 [N, H, W, C]; `seed` is for models that draw."""
        return self.decode(self.encode(image).value, label=label).show()

    def _code(self, pixels, training):
        """float32 [N, H, W, C] in [-1, 1] -> [N, K + D], a softmax and a vector."""
        code = tf.cast(self.encoder(pixels, training=training), tf.float32)
        logits, style = tf.split(code, [self.classes, self.style_dim], axis=-1)
        return tf.concat([tf.nn.softmax(logits), style], axis=-1) if self.classes else style

    def _pixels(self, latents, training=False, label=None):
        """[N, K + D] -> float32 [N, H, W, C] in 0 .. 1."""
        if label is not None:
            latents = tf.concat([latents, self.vector(label)], axis=-1)
        return tf.sigmoid(tf.cast(self.decoder(latents, training=training), tf.float32))

    def game(self) -> tuple[Player, ...]:
        """The three players."""
        squares = "squares of 0..1"
        units = {"squared_error": squares, "loss": squares}
        return (
            Player("autoencoder", self._autoencoder_terms, [self.encoder, self.decoder], units=units),
            Player("discriminator", self._discriminator_terms, list(self.discriminators.values())),
            Player("generator", self._generator_terms, [self.encoder], shared=[self.encoder]),
        )

    def _seen(self, batch, seed, training):
        pixels = images.to_symmetric(batch["image"], self.levels)
        if training and self.noise:
            pixels += self.noise * seeds.normal(seeds.split(seed, 2)[1], self.image_shape)
        return pixels

    def _without_label(self, batch, training, terms):
        """Terms of the examples without a label, where the others are there to teach: in training 0 of these."""
        if not (self.labelled and training):
            return terms
        return {name: tf.where(batch["label"] == self.classes, term, 0.0) for name, term in terms.items()}

    def _autoencoder_terms(self, batch, seed, training):
        code = self._code(self._seen(batch, seed, training), training)
        made = self._pixels(code, training, **self.condition(batch))
        error = tf.square(images.to_unit(batch["image"], self.levels) - made)
        return self._without_label(batch, training, {"squared_error": tf.reduce_sum(error, axis=[1, 2, 3])})

    def _logits(self, code, training):
        """Of "this is a draw of the prior", by the part of the code that is judged: [N] each."""
        classes, style = tf.split(code, [self.classes, self.style_dim], axis=-1)
        parts = {"style": style, "class": classes}
        return {
            name: tf.cast(network(parts[name], training=training), tf.float32)[:, 0]
            for name, network in self.discriminators.items()
        }

    def _discriminator_terms(self, batch, seed, training):
        drawn = self._logits(self.prior().draw(seeds.split(seed, 2)[0]).value, training)
        codes = self._logits(self._code(self._seen(batch, seed, training), training), training)
        terms = {f"real_{name}": self.objective.real(logits) for name, logits in drawn.items()}
        terms |= {f"fake_{name}": self.objective.fake(logits) for name, logits in codes.items()}
        return self._without_label(batch, training, terms)

    def _generator_terms(self, batch, seed, training):
        codes = self._logits(self._code(self._seen(batch, seed, training), training), training)
        terms = {f"fooling_{name}": self.objective.generator(logits) for name, logits in codes.items()}
        return self._without_label(batch, training, terms)

    def diagnose(self, batch):
        """How far the codes are from the prior: the maximum mean discrepancy of z (Gretton et al. 2012, eq. 3)."""
        classes, style = tf.split(self.encode(batch["image"]).value, [self.classes, self.style_dim], axis=-1)
        drawn = self.prior_of_style(self.style_dim).draw(seeds.seed_rows(len(style))).value
        figures = {"mean_discrepancy": round(mean_discrepancy(style.numpy(), drawn.numpy()), 5)}
        if self.labelled:
            right = tf.argmax(classes, axis=-1) == tf.cast(batch["label"], tf.int64)
            figures["accuracy"] = round(float(tf.reduce_mean(tf.cast(right, tf.float32))), 4)
        return Diagnosis(figures, {})

    def served(self) -> dict[str, Signature]:
        """What all of them serve."""
        image, condition = {"image": self.batch_spec["image"]}, self.condition_spec
        latents = tf.TensorSpec([None, self.latent_dim], tf.float32, name="latents")

        def decode(latents, **condition):
            picture = self.decode(latents, **condition)
            return {"image": picture.show(), "mean": picture.mean}

        return {
            "encode": Signature(lambda image: {"latents": self.encode(image).value}, image, "The code of an image."),
            "decode": Signature(
                decode,
                {"latents": latents} | condition,
                "The image of a code; its pixels in levels before they are rounded.",
            ),
            "reconstruct": Signature(
                lambda **inputs: {"image": self.reconstruct(**inputs)}, image | condition, "The image of its code."
            ),
            "sample": Signature(
                lambda **inputs: {"image": self.sample(**inputs)},
                {"seed": SEED} | condition,
                "One image of each seed row, its code drawn from the prior.",
            ),
        }


class AdversarialAutoencoder(AdversarialCodes):
    """`AdversarialCodes` of one vector, z, of any prior; with a label for the decoder z is what is left, the style
    (section 4).

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      latent_dim: dimensions of z.
      width, depth, noise: see `AdversarialCodes`.
      prior: "normal", "ring" (ten normals) or "swiss_roll", these in the first two dimensions.
      conditional: whether the decoder is told the label.
      num_classes: number of labels; looked at only with `conditional`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        latent_dim: int = 8,
        width: int = 400,
        depth: int = 2,
        prior: str = "normal",
        noise: float = 0.0,
        conditional: bool = False,
        num_classes: int = 0,
    ):
        arguments.check({}, conditional=conditional, num_classes=num_classes)
        labels = num_classes if conditional else 0
        super().__init__(image_shape, levels, latent_dim, width, depth, prior, noise, num_classes=labels)

    def players(self):
        return self.game()

    def signatures(self):
        return self.served()


class ClassAdversarialAutoencoder(AdversarialCodes):
    """`AdversarialCodes` of a class and a style, the class held to one-hot vectors: without labels it is a cluster
    (section 6); with those of some examples a fourth player teaches the encoder their class (section 5).

    Args:
      image_shape: (H, W, C).
      levels: number of values of a pixel.
      classes: K, where no labels are taught.
      latent_dim: dimensions of z, which is normal.
      width, depth, noise: see `AdversarialCodes`.
      labelled: whether labels are taught. The examples that have one are left out of the other players' moves, so let a
        data set repeat them (--labelled_examples); that of the others is K.
      num_classes: number of labels; looked at only with `labelled`.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        classes: int = 10,
        latent_dim: int = 10,
        width: int = 400,
        depth: int = 2,
        noise: float = 0.0,
        labelled: bool = False,
        num_classes: int = 0,
    ):
        arguments.check({}, conditional=labelled, num_classes=num_classes)
        if classes < 2:
            raise ValueError(f"classes={classes}: must be at least 2")
        classes = num_classes if labelled else classes
        super().__init__(image_shape, levels, latent_dim, width, depth, "normal", noise, classes)
        self.labelled = labelled

    @property
    def batch_spec(self):
        label = {"label": tf.TensorSpec([None], tf.int32, name="label")} if self.labelled else {}
        return super().batch_spec | label

    @property
    def limits(self):
        return super().limits | ({"label": self.classes + 1} if self.labelled else {})

    def classify(self, image: tf.Tensor) -> tf.Tensor:
        """P(class) of uint8 [N, H, W, C]: float32 [N, K]."""
        return self.encode(image).value[:, : self.classes]

    def players(self):
        teacher = Player("teacher", self._teacher_terms, [self.encoder], shared=[self.encoder])
        return (*self.game(), *([teacher] if self.labelled else []))

    def _teacher_terms(self, batch, seed, training):
        logits = tf.cast(self.encoder(self._seen(batch, seed, training), training=training), tf.float32)
        has_one = batch["label"] < self.classes
        label = tf.where(has_one, batch["label"], 0)
        error = tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits[:, : self.classes])
        return {"class_error": tf.where(has_one, error, 0.0)}

    def signatures(self):
        classify = Signature(
            lambda image: {"probabilities": self.classify(image)},
            {"image": self.batch_spec["image"]},
            "P(class) of an image, [N, K].",
        )
        return self.served() | {"classify": classify}
