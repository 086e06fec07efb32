"""A small supervised network that names the class of an image, or each of its factors: the judge of samples that have
no likelihood."""

import dataclasses
import json
import pathlib
import tempfile
from collections.abc import Callable, Mapping, Sequence

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
      targets: what it names, and their values: "label" and the classes, or each factor; K counts those of all.
      test_accuracy: of the whole test split, by target.
    """

    network: keras.Model
    levels: int
    targets: Mapping[str, Sequence[str]]
    test_accuracy: Mapping[str, float]

    def outputs(self, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """uint8 [N, H, W, C] -> (features [N, 128] of the last hidden layer, P(class) [N, K]), of one target."""
        features, logits = self.network(images.to_symmetric(image, self.levels), training=False)
        return features, tf.nn.softmax(logits)

    def log_probabilities(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """uint8 [N, H, W, C] -> ln P(value | image) [N, its values] of each target."""
        logits = self.network(images.to_symmetric(image, self.levels), training=False)[1]
        return {name: tf.nn.log_softmax(part) for name, part in _parts(logits, self.targets).items()}


def targets_of(data: Examples, of: str) -> Mapping[str, Sequence[str]]:
    """What is named of a data set's images: its "label", or its "factors"."""
    return data.factors if of == "factors" else {"label": data.class_names}


def kept(folder: pathlib.Path, data: Examples, advance: Callable[[int], None], of: str = "label") -> Classifier:
    """The classifier of a folder, if it was trained on these data; else it is trained, and kept there."""
    about = {"data": data.record, "steps": STEPS, "arguments": {k: repr(v) for k, v in data.arguments.items()}}
    card, weights = folder / f"{of}_classifier.json", folder / f"{of}_classifier.weights.h5"
    if card.exists() and (found := json.loads(card.read_text())).items() >= json.loads(json.dumps(about)).items():
        network = _network(data, targets_of(data, of))
        network.load_weights(weights)
        advance(STEPS)
        return Classifier(network, data.arguments["levels"], targets_of(data, of), found["test_accuracy"])
    made = train(data, advance, of)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:  # whole or not at all: the card is written last
        made.network.save_weights(partial := pathlib.Path(scratch) / weights.name)
        partial.replace(weights)
    card.write_text(json.dumps(about | {"test_accuracy": made.test_accuracy}, indent=2) + "\n")
    return made


def train(
    data: Examples, advance: Callable[[int], None], of: str = "label", batch_size: int = 100, seed: int = 0
) -> Classifier:
    """Trains for `STEPS` steps on the training split and measures on the test split.

    Args:
      data: images with labels, or with factors.
      advance: told how many more steps are done.
      of: see `targets_of`.
    """
    keras.utils.set_random_seed(seed)
    levels, targets = data.arguments["levels"], targets_of(data, of)
    network = _network(data, targets)
    trained = keras.Model(network.inputs, network.outputs[1])

    def wanted(batch):
        """int32 [B, number of targets]."""
        return batch["factors"] if of == "factors" else batch["label"][:, None]

    def loss(right, logits):
        parts = zip(tf.unstack(tf.cast(right, tf.int32), axis=1), _parts(logits, targets).values(), strict=True)
        return tf.add_n([tf.nn.sparse_softmax_cross_entropy_with_logits(value, part) for value, part in parts])

    def pair(batch):
        return images.to_symmetric(batch["image"], levels), wanted(batch)

    trained.compile(keras.optimizers.Adam(1e-3), loss)
    batches = data.training_batches(min(batch_size, data.splits["train"].size), seed).map(pair)
    told = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: advance(1))
    trained.fit(batches, steps_per_epoch=STEPS, verbose=0, shuffle=False, callbacks=[told])
    untested = Classifier(network, levels, targets, {})
    named = tf.function(
        lambda image: tf.stack([tf.argmax(one, -1) for one in untested.log_probabilities(image).values()], axis=1)
    )
    right = [named(batch["image"]).numpy() == wanted(batch).numpy() for batch in data.batches("test", 500)]
    accuracy = np.concatenate(right).mean(axis=0).tolist()
    return dataclasses.replace(untested, test_accuracy=dict(zip(targets, accuracy, strict=True)))


def _parts(logits: tf.Tensor, targets: Mapping[str, Sequence[str]]) -> dict[str, tf.Tensor]:
    """The logits of each target."""
    return dict(zip(targets, tf.split(logits, [len(values) for values in targets.values()], axis=1), strict=True))


def _network(data: Examples, targets: Mapping[str, Sequence[str]]) -> keras.Model:
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
    logits = keras.layers.Dense(sum(map(len, targets.values())))(keras.layers.Dropout(0.5)(x))
    return keras.Model(image, [x, logits])
