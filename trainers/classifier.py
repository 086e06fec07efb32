"""A small supervised network that names the class of an image: the judge of samples that have no likelihood."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfgen.data import Examples
from tfgen.ops import images

STEPS = 1200


def train(
    data: Examples, advance: Callable[[int], None], batch_size: int = 100, seed: int = 0
) -> tuple[Callable, float]:
    """Trains for `STEPS` steps on the training split and measures on the test split.

    Args:
      data: images with labels.
      advance: told how many more steps are done.
    Returns:
      A function uint8 [N, H, W, C] -> class int64 [N], and its test accuracy.
    """
    keras.utils.set_random_seed(seed)
    pool = min(data.arguments["image_shape"][:2]) >= 16
    network = keras.Sequential(
        [
            keras.Input(data.arguments["image_shape"]),
            keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
            *([keras.layers.MaxPooling2D()] if pool else []),
            keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, "relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(len(data.class_names)),
        ]
    )
    network.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def pair(batch):
        return images.to_symmetric(batch["image"], data.arguments["levels"]), batch["label"]

    batches = data.training_batches(min(batch_size, data.splits["train"].size), seed).map(pair)
    told = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: advance(1))
    network.fit(batches, steps_per_epoch=STEPS, verbose=0, shuffle=False, callbacks=[told])

    @tf.function
    def predict(image):
        return tf.argmax(network(images.to_symmetric(image, data.arguments["levels"]), training=False), axis=-1)

    right = [predict(batch["image"]).numpy() == batch["label"].numpy() for batch in data.batches("test", 500)]
    return predict, float(np.mean(np.concatenate(right)))
