"""A small model that holds the adversarial family to what it admits, all of it at once."""

import keras
import tensorflow as tf

from tfgen.gan.base import Addition, AdversarialModel


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
