"""What is measured in place of a live model: an export, or a folder of pictures that somebody's model has drawn.

Each has of a model what measures and pictures ask for: what its examples are, the verbs that it can do, signatures.
"""

import functools
import json
import pathlib

import numpy as np
import tensorflow as tf

from tfgen import zoo
from tfgen.core import Signature
from tfgen.core.signature import SEED
from tfgen.data import Examples, folder, transforms

CONDITIONS = ("label", "action", "text", "source")
VERBS = ("sample", "draw", "log_prob", "discriminate", *zoo.OF_SOURCES, "a_to_b", "b_to_a")
# Signatures named like verbs that answer otherwise.
LIVE = {"encode", "decode", "complete", "simulate", "elbo"}


class Exported:
    """An export of ours, by its signatures alone: no weights, no Keras.

    Args:
      path: the version folder.
    Raises:
      FileNotFoundError: where it is no export.
    """

    def __init__(self, path: pathlib.Path):
        card = path / "model_card.json"
        if not card.exists() or not (path / "saved_model.pb").exists():
            raise FileNotFoundError(
                f"export={str(path)!r}: no saved_model.pb and model_card.json there; give a version folder, such as "
                "runs/vae_mnist/export/1"
            )
        self.card = json.loads(card.read_text())
        self._loaded = tf.saved_model.load(str(path))
        example = self.card["example"]
        self.example, self.shape = example["name"], tuple(example["shape"])
        self.levels = int(example["values"].split()[-1]) + 1 if example["values"].startswith("levels") else None
        self.step = tf.constant(self.card["trained_steps"])
        self.num_classes = self.card["arguments"].get("num_classes", 0)
        self._signatures = {}
        for name in self.card["signatures"].keys() - LIVE:
            served = self._loaded.signatures[name]
            inputs = dict(served.structured_input_signature[1])
            self._signatures[name] = Signature(served, inputs, "")
        inputs = {key: spec for one in self._signatures.values() for key, spec in one.inputs.items()}
        # What each of its signatures wants is what the model is conditioned on.
        self.condition_spec = {key: inputs[key] for key in CONDITIONS if key in inputs}

    @property
    def verbs(self) -> tuple[str, ...]:
        """Those that one signature answers alone."""
        return tuple(name for name in VERBS if name in self._signatures)

    def signatures(self) -> dict[str, Signature]:
        """What it serves."""
        return self._signatures

    def condition(self, batch):
        """The part of a batch that it is conditioned on."""
        return {name: batch[name] for name in self.condition_spec}

    def sample(self, seed, **condition):
        """int32 [N, 2] -> N examples."""
        return self._signatures["sample"].function(seed=seed, **condition)[self.example]

    def draw(self, text, seed):
        """string [N], int32 [N, 2] -> N pictures of what the texts say."""
        return self._signatures["draw"].function(text=text, seed=seed)[self.example]

    def a_to_b(self, a):
        """Pictures of one kind -> as those of the other."""
        return self._signatures["a_to_b"].function(a=a)["image"]

    def b_to_a(self, b):
        """The way back."""
        return self._signatures["b_to_a"].function(b=b)["image"]

    def log_prob(self, example, **condition):
        """N examples -> [N] nats."""
        return self._signatures["log_prob"].function(**{self.example: example}, **condition)["log_prob"]

    def discriminate(self, example, **condition):
        """N examples -> logits [N]."""
        return self._signatures["discriminate"].function(**{self.example: example}, **condition)["logits"]


class Pictures:
    """A folder of pictures as a model that can draw those and no others: sample i is picture i.

    Args:
      path: the folder.
      data: what they are to be compared with, whose size and levels they must have.
    Raises:
      ValueError: where there are none, or they cannot be made as large as those.
    """

    verbs, condition_spec, num_classes, example = ("sample",), {}, 0, "image"

    def __init__(self, path: pathlib.Path, data: Examples):
        self.shape, self.levels = data.arguments["image_shape"], data.arguments["levels"]
        height, width, channels = self.shape
        if height != width:
            raise ValueError(f"folder={str(path)!r}: is compared with images of {height}x{width}, which are not square")
        color = "color" if channels == 3 else "grayscale"
        steps = transforms.parse(f"resize:{height},{color}", 256)
        paths = sorted(one for one in path.rglob("*") if one.suffix.lower() in folder.SUFFIXES)
        if not paths:
            raise ValueError(f"folder={str(path)!r}: there is no picture in it ({', '.join(folder.SUFFIXES)})")
        decoded = [functools.reduce(lambda x, step: step.function(x), steps, folder.decode(str(one))) for one in paths]
        self._images = np.round(np.stack(decoded) * ((self.levels - 1) / 255.0)).astype(np.uint8)
        self.step = tf.constant(0)

    def __len__(self):
        return len(self._images)

    def signatures(self) -> dict[str, Signature]:
        """As those of a model that samples."""
        return {"sample": Signature(lambda seed: {"image": self.sample(seed)}, {"seed": SEED}, "")}

    def condition(self, batch):
        """Nothing."""
        return {}

    def sample(self, seed):
        """int32 [N, 2] -> the pictures whose numbers are in its second column, over and over."""
        return tf.gather(self._images, seed[:, 1] % len(self))
