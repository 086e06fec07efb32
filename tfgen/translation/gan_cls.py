"""GAN-CLS with INT: Scott Reed, Zeynep Akata, Xinchen Yan, Lajanugen Logeswaran, Bernt Schiele, Honglak Lee, 2016,
"Generative Adversarial Text to Image Synthesis", https://arxiv.org/abs/1605.05396 (algorithm 1 and section 4.3)."""

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature, arguments
from tfgen.core.signature import SEED
from tfgen.distributions.latents import standard_normal
from tfgen.gan.dcgan import normalization
from tfgen.gan.networks import Linear, check_sides, halvings
from tfgen.layers.text import TextEncoder, bytes_of
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.ops import images, replicas, seeds

SLOPE = 0.2  # of every leaky rectified unit
BETWEEN = 0.5  # beta of equation 5: embeddings half-way between two sentences
ACCURACIES = ("real_accuracy", "mismatched_accuracy", "fake_accuracy")


class GANCLS(GenerativeModel):
    """A generator of pictures that a sentence describes, against a discriminator that also refuses a real picture with
    another picture's sentence.

    embedding      phi(t), of the bytes of a text t
    generator      x~ = G(z, phi(t)), z ~ N(0, I)
    discriminator  -ln D(x, phi(t)) - (ln(1 - D(x, phi(t'))) + ln(1 - D(x~, phi(t)))) / 2 - m ln P(t | x)
    generator      -ln D(x~, phi(t)) - w ln D(x-, phi-) - m ln P(t | x~), of phi- = (phi(t) + phi(t')) / 2 and
                   x- = G(z, phi-)

    t' is the sentence of the next example in the batch. P(t | x), a softmax of v(x)' phi over the texts of the batch
    where v is linear in the discriminator's features, is what phi is taught by beside the game. The paper teaches phi
    beforehand, by a hinge loss of such pairs; the game alone learns slowest what few mismatched pairs differ in. That
    the generator has this term too is Zhang et al. 2021, "Cross-Modal Contrastive Learning for Text-to-Image
    Generation", https://arxiv.org/abs/2101.04702 (equations 2 to 5); m = 0 is the game alone.
    Other deviations: the generator maximises ln D, which moves it where the paper's ln(1 - D) is flat; no batch norm in
    the discriminator, which would let a pair be judged by the others of its batch.

    A text of more than `text_bytes` is not in what it is trained on; a served row with one is not valid.

    Args:
      image_shape: (H, W, C), both sides 8 to 128.
      levels: number of values of a pixel.
      text_bytes: the most that a text has; blanks around it count.
      text_dim: dimensions of phi, and of what either player makes of it.
      text_width: features of a byte in the encoder.
      text_depth: convolutions of the encoder, each of five bytes.
      latent_dim: dimensions of z.
      width: features of each network next to the image.
      interpolation: w, the weight of the generator's term between sentences (INT); 0: GAN-CLS alone.
      matching: m, the weight of the texts' softmax; 0: none.

    Raises:
      ValueError: naming an argument that is out of range.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        levels: int = 256,
        text_bytes: int = 128,
        text_dim: int = 64,
        text_width: int = 64,
        text_depth: int = 2,
        latent_dim: int = 32,
        width: int = 32,
        interpolation: float = 1.0,
        matching: float = 1.0,
    ):
        super().__init__(image_shape, levels)
        sizes = {"text_bytes": text_bytes, "text_dim": text_dim, "text_width": text_width, "text_depth": text_depth}
        arguments.check(sizes | {"latent_dim": latent_dim, "width": width})
        for name, value in (("interpolation", interpolation), ("matching", matching)):
            if value < 0:
                raise ValueError(f"{name}={value}: must not be negative")
        check_sides(self.image_shape, "GAN-CLS")
        self.text_bytes, self.latent_dim = text_bytes, latent_dim
        self.interpolation, self.matching = interpolation, matching
        self.objective = OBJECTIVES["non_saturating"]
        ups = halvings(min(self.image_shape[:2]))
        widths = [width * 2**i for i in range(ups)]
        self.encoder = TextEncoder(text_width, text_depth, text_dim)
        linear = Linear(keras.initializers.HeNormal)
        self.told = _read(linear, text_dim)
        self.generator = _generator(linear, widths, self.image_shape)
        downs = [layer for one in widths for layer in (linear.conv(one, 4, 2), keras.layers.LeakyReLU(SLOPE))]
        self.looks, self.asked = keras.Sequential(downs), _read(linear, text_dim)
        joint = [linear.conv(widths[-1], 1), keras.layers.LeakyReLU(SLOPE), keras.layers.Flatten(), linear.dense(1)]
        self.judges = keras.Sequential(joint)
        self.seen = keras.Sequential([keras.layers.Flatten(), linear.dense(text_dim)]) if matching else None

    @property
    def condition_spec(self):
        return {"text": tf.TensorSpec([None], tf.string, name="text")}

    @property
    def limits(self):
        return super().limits | {"text": self.text_bytes + 1}

    def embed(self, text: tf.Tensor) -> tf.Tensor:
        """phi(t): string [N] -> float32 [N, text_dim]."""
        return tf.cast(self.encoder(*bytes_of(text, self.text_bytes)), tf.float32)

    def pixels(self, latents: tf.Tensor, embedding: tf.Tensor, training: bool = False) -> tf.Tensor:
        """G(z, phi): float32 [N, latent_dim], float32 [N, text_dim] -> float32 [N, H, W, C] in [-1, 1]."""
        told = self.told(embedding, training=training)
        both = tf.concat([tf.cast(latents, told.dtype), told], axis=-1)
        return tf.tanh(tf.cast(self.generator(both, training=training), tf.float32))

    def latents(self, seed: tf.Tensor) -> tf.Tensor:
        """z ~ N(0, I): int32 [N, 2] -> float32 [N, latent_dim]."""
        return standard_normal(self.latent_dim).draw(seed).value

    def draw(self, text: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """A picture of what each text says: string [N], int32 [N, 2] -> uint8 [N, H, W, C]."""
        return images.from_symmetric(self.pixels(self.latents(seed), self.embed(text)), self.levels)

    def discriminate(self, image: tf.Tensor, text: tf.Tensor) -> tf.Tensor:
        """The logit of "this image is real, and what the text says": uint8 [N, H, W, C], string [N] -> float32 [N]."""
        features = self.looks(images.to_symmetric(image, self.levels), training=False)
        return self._judge(features, self.embed(text), False)

    def _judge(self, features, embedding, training):
        """Logits float32 [N] of features of pictures [N, h, w, F] and of embeddings [N, text_dim]."""
        asked = self.asked(embedding, training=training)[:, None, None]
        planes = tf.broadcast_to(asked, tf.concat([tf.shape(features)[:3], [asked.shape[-1]]], axis=0))
        logits = self.judges(tf.concat([features, tf.cast(planes, features.dtype)], axis=-1), training=training)
        return tf.cast(logits, tf.float32)[:, 0]

    def players(self):
        return (
            Player(
                "discriminator",
                self._discriminator_terms,
                [self.encoder, self.looks, self.asked, self.judges, *([self.seen] if self.seen else [])],
                objective=self._discriminator_loss,
                units=dict.fromkeys(ACCURACIES, "fraction"),
            ),
            Player(
                "generator",
                self._generator_terms,
                [self.told, self.generator],
                objective=self._generator_loss,
            ),
        )

    def _discriminator_terms(self, batch, seed, training):
        own = self.embed(batch["text"])
        other = replicas.next_rows(own)
        # The encoder is the discriminator's: it must not learn to mislead the generator.
        fake = tf.stop_gradient(self.pixels(self.latents(seed), own, training))
        real = images.to_symmetric(batch["image"], self.levels)
        of_real, of_fake = tf.split(self.looks(tf.concat([real, fake], 0), training=training), 2)
        pairs = tf.concat([of_real, of_real, of_fake], 0), tf.concat([own, other, own], 0)
        real, mismatched, fake = tf.split(self._judge(*pairs, training), 3)
        right = zip(ACCURACIES, (real > 0.0, mismatched < 0.0, fake < 0.0), strict=True)
        terms = {
            "real": self.objective.real(real),
            "mismatched": self.objective.fake(mismatched),
            "fake": self.objective.fake(fake),
        } | {name: tf.cast(value, tf.float32) for name, value in right}
        return terms | ({"matching": self._matching(of_real, own, training)} if self.seen else {})

    def _discriminator_loss(self, terms):
        game = terms["real"] + (terms["mismatched"] + terms["fake"]) / 2.0
        return game + self.matching * terms.get("matching", 0.0)

    def _matching(self, features, embedding, training):
        """-ln P(t | x), [N], of a picture's own text among those of the batch of all replicas."""
        seen = tf.cast(self.seen(features, training=training), tf.float32)
        scores = tf.matmul(seen, replicas.gather_batch(embedding), transpose_b=True)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(replicas.row_numbers(embedding), scores)

    def _generator_terms(self, batch, seed, training):
        own = self.embed(batch["text"])
        first, last = seeds.split(seed, 2)
        names, latents, embedding = ["fooling"], self.latents(first), own
        if self.interpolation:
            between = (1.0 - BETWEEN) * own + BETWEEN * replicas.next_rows(own)
            names, embedding = [*names, "fooling_between"], tf.concat([own, between], 0)
            latents = tf.concat([latents, self.latents(last)], 0)
        features = self.looks(self.pixels(latents, embedding, training), training=training)
        logits = tf.split(self._judge(features, embedding, training), len(names))
        terms = {name: self.objective.generator(one) for name, one in zip(names, logits, strict=True)}
        shown = tf.split(features, len(names))[0]
        return terms | ({"shown": self._matching(shown, own, training)} if self.seen else {})

    def _generator_loss(self, terms):
        game = terms["fooling"] + self.interpolation * terms.get("fooling_between", 0.0)
        return game + self.matching * terms.get("shown", 0.0)

    def signatures(self):
        return {
            "draw": Signature(
                lambda text, seed: {"image": self.draw(text, seed)},
                self.condition_spec | {"seed": SEED},
                "A picture of what each text says, its latents drawn by the seed row.",
            ),
            "discriminate": Signature(
                lambda image, text: {"logits": self.discriminate(image, text)},
                self.batch_spec,
                'The logit of "this image is real, and what the text says", [N].',
            ),
        }


def _read(linear: Linear, units: int) -> keras.Sequential:
    """What a player makes of an embedding: [N, text_dim] -> [N, units] (section 4.1)."""
    return keras.Sequential([linear.dense(units), keras.layers.LeakyReLU(SLOPE)])


def _generator(linear: Linear, widths: list[int], image_shape: tuple[int, int, int]) -> keras.Sequential:
    """[N, latent_dim + text_dim] -> [N, H, W, C], through up-convolutions, each with half the features of the last."""
    height, columns, channels = image_shape
    rows, columns_ = (-(-side // 2 ** len(widths)) for side in (height, columns))
    layers = [
        linear.dense(rows * columns_ * widths[-1], use_bias=False),
        keras.layers.Reshape((rows, columns_, widths[-1])),
    ]
    for filters in [*reversed(widths[:-1]), channels]:
        layers += [normalization(), keras.layers.ReLU()]
        layers += [keras.layers.Conv2DTranspose(filters, 4, 2, "same", use_bias=filters == channels)]
    crop = ((0, rows * 2 ** len(widths) - height), (0, columns_ * 2 ** len(widths) - columns))
    return keras.Sequential([*layers, keras.layers.Cropping2D(crop)])
