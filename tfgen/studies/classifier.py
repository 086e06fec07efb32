"""A classifier that begins as the encoder of a generative model."""

import keras
import tensorflow as tf

from tfgen.core import GenerativeModel, Player, Signature

LABEL = tf.TensorSpec([None], tf.int32, name="label")


class Classifier(GenerativeModel):
    """p(label | image): a softmax of a linear function of the code that another model's encoder makes of an image.

    The encoder's layers are those of that model, so that training moves them, and it with them. The code is the mean of
    q(z | x); where that has no closed form, a draw, always with the same noise.

    Args:
      model: with the verb `encode`, its variables made, conditioned on nothing.
      classes: number of labels.

    Raises:
      ValueError: where the model is given what the classifier is to find.
    """

    def __init__(self, model: GenerativeModel, classes: int):
        super().__init__(model.image_shape, model.levels)
        if model.condition_spec:
            raise ValueError(f"model: {type(model).__name__} encodes given the {', '.join(model.condition_spec)}")

        def code(image, training):
            posterior = model.encode(image, training=training)
            value = posterior.moments().get("mean")
            if value is None:
                value = posterior.draw(tf.zeros([tf.shape(image)[0], 2], tf.int32)).value
            return tf.concat([keras.layers.Flatten()(part) for part in tf.nest.flatten(value)], axis=-1)

        self.code = code
        with tf.GradientTape() as tape:
            code(tf.zeros([1, *self.image_shape], tf.uint8), training=False)
        seen = {id(variable) for variable in tape.watched_variables()}
        self.encoders = [layer for layer in model.layers if any(id(v.value) in seen for v in layer.trainable_variables)]
        self.head = keras.layers.Dense(classes, kernel_initializer="zeros")

    @property
    def batch_spec(self):
        return super().batch_spec | {"label": LABEL}

    def logits(self, image: tf.Tensor, training: bool = False) -> tf.Tensor:
        """uint8 [N, H, W, C] -> float32 [N, classes]."""
        return tf.cast(self.head(self.code(image, training)), tf.float32)

    def players(self):
        return (
            Player(
                "model",
                self._terms,
                parts=[*self.encoders, self.head],
                objective=lambda terms: terms["cross_entropy"],
                units={"accuracy": "fraction"},
            ),
        )

    def _terms(self, batch, seed, training):
        logits, label = self.logits(batch["image"], training), batch["label"]
        right = tf.argmax(logits, axis=-1, output_type=label.dtype) == label
        cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits)
        return {"cross_entropy": cross_entropy, "accuracy": tf.cast(right, tf.float32)}

    def signatures(self):
        return {
            "classify": Signature(
                lambda image: {"probabilities": tf.nn.softmax(self.logits(image))},
                {"image": super().batch_spec["image"]},
                "The probability of each label, in the order of the data set's class names.",
            )
        }
