"""Small models that hold the nouns to what models still to come need of them; the real ones replace them."""

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature
from tfgen.gan.base import Addition, AdversarialModel
from tfgen.losses.adversarial import OBJECTIVES
from tfgen.ops import images


def network(width: int, channels: int, activation: str | None) -> keras.Sequential:
    """[N, H, W, C] -> [N, H, W, channels]."""
    layers = [
        keras.layers.Conv2D(width, 3, padding="same", activation="leaky_relu"),
        keras.layers.Conv2D(channels, 1, activation=activation),
    ]
    return keras.Sequential(layers)


class Translator(GenerativeModel):
    """Two sets of pictures that are no pairs, a generator each way: a CycleGAN of two layers."""

    WEIGHT = 10.0  # of the cycles, section 4 of the paper

    def __init__(self, image_shape: tuple[int, int, int], levels: int = 256, width: int = 4):
        super().__init__(image_shape, levels, example="a")
        channels = self.shape[-1]
        self.generators = {other: network(width, channels, "tanh") for other in "ab"}  # by what they make
        self.discriminators = {one: network(width, 1, None) for one in "ab"}
        self.objective = OBJECTIVES["non_saturating"]

    @property
    def batch_spec(self):
        return {name: tf.TensorSpec([None, *self.shape], tf.uint8, name=name) for name in "ab"}

    @property
    def limits(self):
        return dict.fromkeys("ab", self.levels)

    def _real(self, batch):
        return {name: images.to_symmetric(batch[name], self.levels) for name in "ab"}

    def _logits(self, of, image, training):
        return tf.cast(tf.reduce_mean(self.discriminators[of](image, training=training), axis=[1, 2, 3]), tf.float32)

    def players(self):
        return (
            Player("discriminators", self._discriminator_terms, parts=list(self.discriminators.values())),
            Player("generators", self._generator_terms, parts=list(self.generators.values())),
        )

    def _discriminator_terms(self, batch, seed, training):
        real = self._real(batch)
        terms = {}
        for one, other in ("ab", "ba"):
            fake = self.generators[other](real[one], training=training)
            terms[f"real_{other}"] = self.objective.real(self._logits(other, real[other], training))
            terms[f"fake_{other}"] = self.objective.fake(self._logits(other, fake, training))
        return terms

    def _generator_terms(self, batch, seed, training):
        real = self._real(batch)
        terms = {}
        for one, other in ("ab", "ba"):
            fake = self.generators[other](real[one], training=training)
            back = self.generators[one](fake, training=training)
            distance = tf.reduce_mean(tf.abs(tf.cast(back - real[one], tf.float32)), axis=[1, 2, 3])
            terms[f"fooling_{other}"] = self.objective.generator(self._logits(other, fake, training))
            terms[f"cycle_{one}"] = self.WEIGHT * distance
        return terms

    def _translate(self, image, into):
        made = self.generators[into](images.to_symmetric(image, self.levels), training=False)
        return images.from_symmetric(made, self.levels)

    def a_to_b(self, a: tf.Tensor) -> tf.Tensor:
        """uint8 [N, H, W, C] of the first set -> as one of the second."""
        return self._translate(a, "b")

    def b_to_a(self, b: tf.Tensor) -> tf.Tensor:
        """uint8 [N, H, W, C] of the second set -> as one of the first."""
        return self._translate(b, "a")

    def signatures(self):
        return {
            "a_to_b": Signature(lambda a: {"image": self.a_to_b(a)}, {"a": self.batch_spec["a"]}, "As one of b."),
            "b_to_a": Signature(lambda b: {"image": self.b_to_a(b)}, {"b": self.batch_spec["b"]}, "As one of a."),
        }


class Judge(keras.layers.Layer):
    """Twice the mean pixel and a row of a table for the label -> logits; the mean pixel itself is a feature."""

    def build(self, *shapes):
        self.a = self.add_weight(shape=(1, 1), initializer=keras.initializers.Constant(2.0), name="a")
        start = keras.initializers.RandomNormal(seed=1)
        self.by_label = self.add_weight(shape=(3, 1), initializer=start, name="by_label")

    def call(self, pixels, vector, training=False):
        mean = tf.reduce_mean(pixels, axis=[1, 2, 3])[:, None]
        return {"logits": mean @ self.a + vector @ self.by_label, "mean": mean}


class Paint(keras.layers.Layer):
    """The same level everywhere: tanh of the first of two latents and the label's bias."""

    def __init__(self, image_shape):
        super().__init__()
        self.image_shape = image_shape

    def build(self, *shapes):
        self.bias = self.add_weight(shape=(3, 1), initializer=keras.initializers.RandomNormal(seed=2), name="bias")

    def call(self, latents, vector, training=False):
        level = tf.tanh(latents[:, :1] + vector @ self.bias)
        return tf.broadcast_to(level[:, :, None, None], [tf.shape(level)[0], *self.image_shape])


class PairedGAN(AdversarialModel):
    """A GAN of three labels with pairs, a gradient penalty and a distance of features: what the family admits."""

    def __init__(self, image_shape: tuple[int, int, int], levels: int = 256, objective: str = "relativistic"):
        super().__init__(
            image_shape, levels, latent_dim=2, objective=objective, conditional="concatenation", num_classes=3
        )
        self.generator, self.discriminator = Paint(self.image_shape), Judge()
        self.discriminator_additions = {"gradient_penalty": Addition(5.0, self._penalty, "1")}
        self.generator_additions = {"features": Addition(0.5, self._features, "1")}

    def _penalty(self, move):
        """|d logit / d pixels|^2 at the real images (Mescheder et al. 2018)."""
        with tf.GradientTape() as tape:
            tape.watch(move.real)
            logits = self.judge(move.real, move.training, **move.condition)["logits"]
        return tf.reduce_sum(tape.gradient(logits, move.real) ** 2, axis=[1, 2, 3])

    def _features(self, move):
        return (move.real_outputs["mean"][:, 0] - move.fake_outputs["mean"][:, 0]) ** 2
