"""A small supervised network that names the class of an image: the judge of samples that have no likelihood."""

import dataclasses
import json
import pathlib
import tempfile
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfgen.data import Examples
from tfgen.ops import images

STEPS = 1200


@dataclasses.dataclass(frozen=True)
class Classifier:
    """A trained network.

    Args:
      network: float32 [N, H, W, C] in [-1, 1] -> [features [N, 128], logits [N, K]].
      levels: of the images that it is asked about.
      test_accuracy: of the whole test split.
    """

    network: keras.Model
    levels: int
    test_accuracy: float

    def outputs(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """uint8 [N, H, W, C] -> (features [N, 128] of the last hidden layer, P(class) [N, K])."""
        features, logits = self.network(images.to_symmetric(image, self.levels), training=False)
        return features, tf.nn.softmax(logits)


def kept(folder: pathlib.Path, data: Examples, advance: Callable[[int], None]) -> Classifier:
    """The classifier of a folder, if it was trained on these data; else it is trained, and kept there."""
    about = {"data": data.record, "steps": STEPS, "arguments": {k: repr(v) for k, v in data.arguments.items()}}
    card, weights = folder / "classifier.json", folder / "classifier.weights.h5"
    if card.exists() and (found := json.loads(card.read_text())).items() >= json.loads(json.dumps(about)).items():
        network = _network(data)
        network.load_weights(weights)
        advance(STEPS)
        return Classifier(network, data.arguments["levels"], found["test_accuracy"])
    made = train(data, advance)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:  # whole or not at all: the card is written last
        made.network.save_weights(partial := pathlib.Path(scratch) / weights.name)
        partial.replace(weights)
    card.write_text(json.dumps(about | {"test_accuracy": made.test_accuracy}, indent=2) + "\n")
    return made


def train(data: Examples, advance: Callable[[int], None], batch_size: int = 100, seed: int = 0) -> Classifier:
    """Trains for `STEPS` steps on the training split and measures on the test split.

    Args:
      data: images with labels.
      advance: told how many more steps are done.
    """
    keras.utils.set_random_seed(seed)
    network, levels = _network(data), data.arguments["levels"]
    trained = keras.Model(network.inputs, network.outputs[1])
    trained.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def pair(batch):
        return images.to_symmetric(batch["image"], levels), batch["label"]

    batches = data.training_batches(min(batch_size, data.splits["train"].size), seed).map(pair)
    told = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: advance(1))
    trained.fit(batches, steps_per_epoch=STEPS, verbose=0, shuffle=False, callbacks=[told])
    predict = tf.function(lambda image: tf.argmax(trained(images.to_symmetric(image, levels), training=False), axis=-1))
    right = [predict(batch["image"]).numpy() == batch["label"].numpy() for batch in data.batches("test", 500)]
    return Classifier(network, levels, float(np.mean(np.concatenate(right))))


def _network(data: Examples) -> keras.Model:
    pool = min(data.arguments["image_shape"][:2]) >= 16
    image = x = keras.Input(data.arguments["image_shape"])
    for layer in (
        keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
        *([keras.layers.MaxPooling2D()] if pool else []),
        keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(128, "relu"),
    ):
        x = layer(x)
    logits = keras.layers.Dense(len(data.class_names))(keras.layers.Dropout(0.5)(x))
    return keras.Model(image, [x, logits])
