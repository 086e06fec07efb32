"""The networks in whose features pictures are compared: each by a name, without which no distance is told.

A classifier of ours, trained on the data; Keras's InceptionV3; or any SavedModel.
"""

import dataclasses
import pathlib
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from tfgen.data import Examples
from tfgen.ops import images
from trainers import classifier

INCEPTION = "inception_v3"


@dataclasses.dataclass(frozen=True)
class Network:
    """What looks at pictures.

    Args:
      name: its own.
      resize: what is done to a picture before it looks.
      outputs: images uint8 [N, H, W, C] -> (features [N, F], P(class) [N, K] or None).
      test_accuracy: of a classifier of the data's own labels; else None.
    """

    name: str
    resize: str
    outputs: Callable
    test_accuracy: float | None = None

    def of(self, pictures: np.ndarray, at_once: int = 250) -> tuple[np.ndarray, np.ndarray | None]:
        """`outputs` of any number of pictures."""
        looked = tf.function(self.outputs, autograph=False)
        parts = [looked(tf.constant(pictures[i : i + at_once])) for i in range(0, len(pictures), at_once)]
        features, probabilities = zip(*parts, strict=True)
        return np.concatenate(features), None if probabilities[0] is None else np.concatenate(probabilities)


def choose(spec: str, folder: pathlib.Path, data: Examples, advance: Callable[[int], None]) -> Network:
    """The network of `--features`.

    Args:
      spec: "" for a classifier of the data's labels, which is kept in `folder` and made only once; "inception_v3"; or
        the folder of a SavedModel whose `serving_default` takes one batch of images, uint8 or float in [-1, 1], and
        answers with features [N, F] first.
    Raises:
      ValueError: where it cannot be had, and why.
    """
    levels = data.arguments["levels"]
    if not spec:
        made = classifier.kept(folder, data, advance)
        accuracy = round(made.test_accuracy["label"], 4)
        return Network(f"our classifier, {classifier.STEPS} steps", "none", made.outputs, accuracy)
    if spec == INCEPTION:
        return _inception(levels)
    if not (pathlib.Path(spec) / "saved_model.pb").exists():
        raise ValueError(f"features={spec!r}: must be {INCEPTION}, or a folder with a saved_model.pb")
    return _saved_model(pathlib.Path(spec), levels)


def _inception(levels: int) -> Network:
    try:
        network = keras.applications.InceptionV3(include_top=False, weights="imagenet", pooling="avg")
    except Exception as error:  # of the network, of the disk or of the file
        raise ValueError(
            f"features={INCEPTION!r}: Keras could not have its weights of ImageNet ({error}); give the folder of a "
            "SavedModel instead"
        ) from error

    def outputs(image):
        return network(_sized(images.to_symmetric(image, levels), (299, 299, 3)), training=False), None

    return Network("Keras InceptionV3, ImageNet, mean-pooled", "bilinear to 299x299", outputs)


def _saved_model(path: pathlib.Path, levels: int) -> Network:
    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures["serving_default"]
    ((name, spec),) = signature.structured_input_signature[1].items()
    size = spec.shape[1:]

    def outputs(image):
        value = image if spec.dtype == tf.uint8 else images.to_symmetric(image, levels)
        if spec.dtype != tf.uint8 and None not in size:
            value = _sized(value, size)
        answer = signature(**{name: value})
        features = next(value for value in answer.values() if value.shape.rank == 2)
        return tf.cast(features, tf.float32), None

    outputs.keeps = loaded  # its variables live as long as it does
    resize = "none" if spec.dtype == tf.uint8 or None in size else f"bilinear to {size[0]}x{size[1]}"
    return Network(f"SavedModel {path.name}", resize, outputs)


def _sized(pixels: tf.Tensor, shape) -> tf.Tensor:
    """Bilinear, with antialiasing, and gray three times over where colours are asked for."""
    pixels = tf.image.resize(pixels, shape[:2], antialias=True) if pixels.shape[1:3] != shape[:2] else pixels
    return tf.tile(pixels, [1, 1, 1, shape[2] // pixels.shape[-1]])
