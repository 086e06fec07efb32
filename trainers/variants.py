"""What a study trains: variants of a run, beside it; and what it exports."""

import dataclasses
import json
import pathlib
import re
from collections.abc import Iterator

import keras
import tensorflow as tf

from export import saved_model
from tfgen import zoo
from tfgen.core import checkpoints
from trainers import config as configs
from trainers import runner


def train(source: pathlib.Path, folder: pathlib.Path, data_dir: str | None, **changes) -> tf.keras.Model:
    """The model of a run trained with changes, in a folder named for them; restored from there if it is at its end.

    It is trained by one device, and from its beginning where the run began with another's weights; it has no export.

    Args:
      source: folder with the config.json of the run.
      folder: where the variants of a study are kept.
      data_dir: where TFDS keeps its data, if not where it did in the run.
      changes: fields of `TrainConfig`, or arguments of the model.
    Returns:
      What the run would export: averaged weights, at its best where it keeps that.
    Raises:
      ValueError: naming a change that is neither, or out of range.
    """
    begun = configs.read(str(source / "config.json"))
    fields = {name: value for name, value in changes.items() if name in configs.FIELDS}
    arguments = {name: value for name, value in changes.items() if name not in configs.FIELDS}
    name = ",".join(f"{key}={value}" for key, value in sorted(changes.items())) or "same"
    workdir = folder / re.sub(r"[^\w.,=-]", "_", name)
    config = dataclasses.replace(
        begun,
        **{"workdir": str(workdir), "strategy": "one_device", "start_from": "", "data_dir": data_dir or begun.data_dir}
        | fields
        | {"hparams": {**begun.hparams, **arguments}},
    )
    configs.check(config)
    runner.run(config, export=False)
    return zoo.restore(str(workdir), best=bool(config.keep_best))


def build(config: dict, seed: int):
    """The model of a config.json with its variables, before any training."""
    keras.utils.set_random_seed(seed)
    return zoo.build(config["model"], **config["model_arguments"])


def kept(source: pathlib.Path) -> list[dict]:
    """The lines of metrics.jsonl whose step has a checkpoint, the first first."""
    steps = {step for step, _ in checkpoints.found(source / "checkpoints")}
    log = source / "metrics.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    return [line for line in map(json.loads, lines) if line["step"] in steps and "cpu_seconds" in line]


def history(source: pathlib.Path) -> Iterator[tuple[dict, tf.keras.Model]]:
    """Each of them with the model as it was then."""
    for line in kept(source):
        yield line, zoo.restore(source, step=line["step"])


def export(folder: pathlib.Path, model, about: dict) -> pathlib.Path:
    """The next version of <folder>/export, of a live model; `about` goes into its card."""
    return saved_model.export_model(model, saved_model.next_version(folder / "export"), {"name": folder.name} | about)
