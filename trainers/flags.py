"""The one place where a trainer's flags are declared: one for each field of TrainConfig. No TensorFlow here."""

import dataclasses
import os
import pathlib
import sys
import traceback
from collections.abc import Callable

from absl import app, flags, logging

from tfgen import zoo
from trainers import config as configs
from trainers.presets import PRESETS

ROOT = pathlib.Path(__file__).parents[1]
# Which families an entry point trains: trainers/<name>.py.
TRAINERS = {
    "train_autoregressive": ("autoregressive",),
    "train_time_series": ("time_series",),
    "train_vae": ("vae",),
    "train_autoencoder": ("autoencoder",),
    "train_flow": ("flow",),
    "train_gan": ("gan",),
    "train_chain": ("boltzmann", "chain"),
    "train_translation": ("translation",),
}
flags.disclaim_key_flags()  # so that the entry point that declares them shows them in its --help


def presets_of(trainer: str) -> dict[str, configs.TrainConfig]:
    """The presets whose models a trainer trains."""
    return {name: preset for name, preset in PRESETS.items() if trainer_of(preset.model) == trainer}


def trainer_of(model: str) -> str:
    """The entry point that trains a model."""
    return next(trainer for trainer, families in TRAINERS.items() if zoo.find(model).family in families)


def main(trainer: str, about: str, default_preset: str) -> None:
    """Runs one trainer: declares its flags, resolves them, trains."""
    presets = presets_of(trainer)
    sys.modules["__main__"].__doc__ = (
        about
        + "\n\nPresets:\n"
        + "\n".join(
            f"  {name}: {preset.model} on {preset.dataset}"
            + (f" ({preset.transforms})" if preset.transforms else "")
            + f". {preset.source}"
            for name, preset in presets.items()
        )
        + "\n\nModels:\n"
        + "\n".join(
            f"  {name}({', '.join(zoo.arguments(name))}): {entry.paper}"
            for name, entry in zoo.MODELS.items()
            if trainer_of(name) == trainer
        )
        + "\n"
    )
    flags.DEFINE_string("preset", default_preset, "the configuration to start from: " + ", ".join(presets))
    flags.DEFINE_string("config", None, "a config.json to start from in place of a preset, such as runs/x/config.json")
    flags.DEFINE_bool("dry_run", False, "print the resolved configuration, parameters and memory, and stop")
    for name, field in configs.FIELDS.items():
        _declare(name, field)
    for name in ("preset", "config", "dry_run", *configs.FIELDS):
        flags.declare_key_flag(name)
    run(lambda: _train(trainer))


def _declare(name: str, field: dataclasses.Field) -> None:
    about = field.metadata["help"]
    if field.metadata["choices"]:
        about += ": " + ", ".join(field.metadata["choices"])
    if "default:" not in about:
        about += " (default: the preset's)"
    declare = {int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool}.get(
        field.type, flags.DEFINE_string
    )
    declare(name, None, about)


def resolve(trainer: str) -> configs.TrainConfig:
    """The preset, or the config.json, with the flags that were given laid over it.

    Raises:
      ValueError: naming the flag, its value, and what would be right.
    """
    values = flags.FLAGS
    presets = presets_of(trainer)
    if values.preset not in presets:
        hint = zoo.closest(values.preset, presets)
        if values.preset in PRESETS:
            hint = f"; that one belongs to python -m trainers.{trainer_of(PRESETS[values.preset].model)}"
        raise ValueError(f"preset={values.preset!r}: must be one of {', '.join(presets)}{hint}")
    preset = presets[values.preset]
    if values.config:
        if values["preset"].present:
            raise ValueError(f"config={values.config!r}: takes the place of --preset={values.preset}; give one of them")
        preset = configs.read(values.config)
    given = {name: values[name].value for name in configs.FIELDS if values[name].value is not None}
    model = given.get("model", preset.model)
    if trainer_of(model) != trainer:
        raise ValueError(f"model={model!r}: that is trained by python -m trainers.{trainer_of(model)}")
    hparams = dict(preset.hparams) if model == preset.model else {}
    players = configs.parse_players(given.get("players", ""))
    own = dict(preset.players) if model == preset.model else {}
    given["players"] = own | {name: {**own.get(name, {}), **options} for name, options in players.items()}
    given["hparams"] = hparams | configs.parse_hparams(model, given.get("hparams", ""))
    name = pathlib.Path(values.config).stem if values.config else values.preset
    given.setdefault("workdir", preset.workdir or f"runs/{name}")
    config = dataclasses.replace(preset, **given)
    configs.check(config)
    return config


def _train(trainer: str) -> None:
    config = resolve(trainer)
    if flags.FLAGS.dry_run:
        from trainers import dry_run  # from here on TensorFlow is needed

        print(dry_run.describe(config))
        return
    from trainers import runner

    try:
        runner.run(config)
    except SystemExit as stopped:
        leave(stopped)


def leave(stopped: SystemExit) -> None:
    """Ends this process where a run was stopped and all is on disk: threads that still read data ahead would keep it
    alive."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(stopped.code)


LONG = {"examples": 0, "importance_samples": 5000, "samples": 5000}


def declare_protocol() -> None:
    """The flags of `measures.Protocol`, for the entry points that measure."""
    about = "measure on the first so many examples, 0 for all (default: all for exact likelihood, else 1000)"
    flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "examples to measure on")
    flags.DEFINE_integer("examples", None, about, 0)
    flags.DEFINE_integer("importance_samples", None, "k of the importance bound (default: 100)", 1)
    flags.DEFINE_integer("samples", None, "samples that are judged (default: 1000)", 1)
    flags.DEFINE_string(
        "features",
        "",
        "the network whose features compare samples: inception_v3, or the folder of a SavedModel (default: a "
        "classifier trained on the data's labels)",
    )
    flags.DEFINE_bool("full", False, "all examples, 5000 importance samples, 5000 samples, where not told otherwise")
    flags.DEFINE_integer("batch_size", 100, "examples at a time", 1)
    flags.DEFINE_string("data_dir", None, "where TFDS keeps its data (default: that of the training run)")
    flags.DEFINE_integer("seed", 0, "of binarisation, posterior samples and pictures")
    for name in (*LONG, "split", "features", "full", "batch_size", "data_dir", "seed"):
        flags.declare_key_flag(name)


def protocol():
    """The `measures.Protocol` of the flags that were given."""
    from trainers import measures

    values = flags.FLAGS
    given = {name: values[name].value for name in LONG if values[name].value is not None}
    chosen = (LONG if values.full else {}) | given
    common = {name: values[name].value for name in ("split", "batch_size", "seed", "features")}
    return measures.Protocol(**common, **chosen)


def run(action: Callable[[], None]) -> None:
    """absl's main, in which bad input ends with one line that says what would be right, and no traceback."""

    def body(argv):
        if len(argv) > 1:
            sys.exit(f"error: {argv[1]!r} is no flag; write --name=value")
        logging.set_verbosity(logging.WARNING)
        try:
            action()
        except (ValueError, FloatingPointError, OSError) as error:
            if not _ours(error):
                raise
            sys.exit(f"error: {error}")

    app.run(body)


def _ours(error: Exception) -> bool:
    """Whether this project raised an error, to tell somebody what is wrong with what they gave; else it is a bug."""
    raised_in = pathlib.Path(traceback.extract_tb(error.__traceback__)[-1].filename)
    return any(raised_in.is_relative_to(ROOT / package) for package in ("tfgen", "trainers", "export"))
