"""TrainConfig: all that decides a training run. Each field is a flag, its metadata the flag's help."""

import dataclasses
import difflib
import json
import pathlib
from collections.abc import Mapping

from tfgen import zoo
from tfgen.data import names

STRATEGIES = ("one_device", "mirrored", "multi_worker", "tpu")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
OPTIMIZERS = ("adam", "sgd", "rmsprop")
SCHEDULES = ("constant", "cosine", "linear")


def _field(default, about: str, choices=None):
    return dataclasses.field(default=default, metadata={"help": about, "choices": choices})


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """A training run. `source` says where a preset's numbers are from; it is no flag."""

    source: str = ""
    model: str = _field("", "name of the model", tuple(zoo.MODELS))
    dataset: str = _field(
        "digits",
        "digits, factors, letters, scenes, tones, pendulum, ring, grid, moons, pinwheel, mixture, folder:PATH, "
        "captions:PATH, audio:PATH, series:FILE.npz, points:FILE.npz, stacked:SET, zip:a=SET,b=SET, or a TFDS set, "
        "such as mnist, spoken_digit",
    )
    data_dir: str = _field("", "where TFDS keeps its data (default: TFDS_DATA_DIR, or TFDS's own)")
    transforms: str = _field(
        "", "comma-separated: resize:SIDE, crop:SIDE, grayscale, color, binarize, flip; of audio, clip:LENGTH"
    )
    skip_corrupt: bool = _field(False, "leave out image files that cannot be read, instead of stopping")
    train_examples: int = _field(0, "train on so many examples of the training split, drawn once for all (0: all)")
    labelled_examples: int = _field(
        0,
        "know the labels of so many training examples, as many of each class (0: all); of models that learn from some",
    )
    cache: bool = _field(True, "keep decoded data between runs, in TFGEN_CACHE_DIR (default: ~/.cache/tfgen)")
    workdir: str = _field("", "where the run is kept and found again (default: runs/<preset>)")
    export_dir: str = _field("", "where the SavedModel goes, in a numbered folder (default: <workdir>/export)")
    steps: int = _field(5000, "training steps")
    epoch_steps: int = _field(500, "steps between two validations, pictures and checkpoints")
    batch_size: int = _field(64, "examples of one step, over all replicas")
    optimizer: str = _field("adam", "of every player", OPTIMIZERS)
    learning_rate: float = _field(1e-3, "of every player's optimizer")
    beta_1: float = _field(0.9, "Adam's decay of the first moment")
    beta_2: float = _field(0.999, "Adam's decay of the second moment")
    rho: float = _field(0.9, "RMSprop's decay of the second moment")
    momentum: float = _field(0.0, "of sgd and rmsprop")
    schedule: str = _field("constant", "of the learning rate; cosine and linear fall to 0 at the last step", SCHEDULES)
    decay_from: int = _field(0, "training step up to which a learning rate that will fall is constant")
    warmup: int = _field(0, "training steps over which the learning rate rises from 0")
    weight_decay: float = _field(0.0, "share of a weight that a step takes off it, times the learning rate (0: none)")
    clip_norm: float = _field(0.0, "largest global norm of a gradient, after the sum over replicas (0: none)")
    average: float = _field(0.0, "decay of a moving average of the weights, used for validation and export (0: none)")
    seed: int = _field(0, "of the weights, the order of the data and all noise")
    strategy: str = _field("one_device", "how replicas share a step", STRATEGIES)
    precision: str = _field("float32", "of the layers' arithmetic", PRECISIONS)
    steps_per_execution: int = _field(8, "training steps between two returns to Python")
    keep: int = _field(3, "checkpoints kept")
    keep_best: str = _field(
        "",
        "figure of validation, such as val_loss, at whose best the model is kept too, and exported: the smallest, or "
        "of a fraction the largest",
    )
    patience: int = _field(0, "epochs without a better keep_best after which training ends (0: never)")
    start_from: str = _field("", "workdir of a run whose weights this one begins with; its optimizers begin anew")
    players: Mapping[str, Mapping[str, object]] = dataclasses.field(
        default_factory=dict,
        metadata={
            "help": "options of single players over the common ones: generator.learning_rate=1e-4,critic.optimizer=sgd",
            "choices": None,
        },
    )
    hparams: Mapping[str, object] = dataclasses.field(
        default_factory=dict, metadata={"help": "arguments of the model: name=value,name=value", "choices": None}
    )


FIELDS = {field.name: field for field in dataclasses.fields(TrainConfig) if field.name != "source"}
# What a player may have of its own.
PLAYER_OPTIONS = (
    "optimizer",
    "learning_rate",
    "beta_1",
    "beta_2",
    "rho",
    "momentum",
    "schedule",
    "decay_from",
    "warmup",
    "weight_decay",
)
# What may differ between a run and its continuation without moving a weight.
CONTINUABLE = {
    "source",
    "workdir",
    "export_dir",
    "data_dir",
    "epoch_steps",
    "strategy",
    "keep",
    "keep_best",
    "patience",
    "steps_per_execution",
    "skip_corrupt",
    "cache",
}
# What may differ too, and is said and recorded: how far and how fast it learns. All else would make it another run.
CHANGEABLE = {"steps", "clip_norm", "players", *PLAYER_OPTIONS} - {"optimizer"}


def variant(base: TrainConfig, source: str, hparams: Mapping | None = None, **fields) -> TrainConfig:
    """`base` with other fields, and with these arguments of the model on top of its own; for presets."""
    return dataclasses.replace(base, source=source, hparams={**base.hparams, **(hparams or {})}, **fields)


def parse_hparams(model: str, text: str) -> dict[str, object]:
    """ "latent_dim=64,width=32" as the arguments of a model, each of the type that its constructor declares.

    Raises:
      ValueError: naming an argument that the model lacks, or a value of the wrong type.
    """
    values: dict[str, object] = {}
    known = zoo.arguments(model)
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = item.partition("=")
        if not equals:
            raise ValueError(f"hparams: {item!r} must be name=value; {model} takes {', '.join(known)}")
        zoo.check_arguments(model, {name: value})
        values[name] = _convert(name, value, known[name])
    return values


def parse_players(text: str) -> dict[str, dict[str, object]]:
    """ "generator.learning_rate=1e-4,critic.optimizer=sgd" as options by player, each of the type of its field.

    Raises:
      ValueError: naming an option that a player cannot have of its own, or a value of the wrong type.
    """
    players: dict[str, dict[str, object]] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = item.partition("=")
        player, dot, option = name.partition(".")
        if not (equals and dot and player):
            raise ValueError(f"players: {item!r} must be player.option=value, such as generator.learning_rate=1e-4")
        _check_option(player, option)
        players.setdefault(player, {})[option] = _convert(name, value, FIELDS[option].type.__name__, "players")
    return players


def _check_option(player: str, option: str) -> None:
    if option not in PLAYER_OPTIONS:
        raise ValueError(
            f"players: {player}.{option}: {option!r} is no option of a player{zoo.closest(option, PLAYER_OPTIONS)}; "
            f"there are {', '.join(PLAYER_OPTIONS)}"
        )


def of_player(config: TrainConfig, name: str) -> TrainConfig:
    """The configuration as one player sees it: its own options over the common ones."""
    return dataclasses.replace(config, players={}, **config.players.get(name, {}))


def _convert(name: str, value: str, kind: str, flag: str = "hparams"):
    try:
        if kind == "bool":
            return {"true": True, "false": False}[value.lower()]
        if kind == "tuple[str, ...]":
            return tuple(filter(None, value.split("+")))
        if kind.startswith("tuple"):
            return tuple(int(part) for part in value.split("x"))
        return {"int": int, "float": float, "str": str}[kind](value)
    except (ValueError, KeyError):
        wanted = {"bool": "true or false", "int": "a whole number", "float": "a number"}.get(
            kind, "whole numbers like 28x28x1"
        )
        raise ValueError(f"{flag}: {name}={value!r} must be {wanted}") from None


def check(config: TrainConfig) -> None:
    """Holds every value against its range, before anything is imported or built.

    Raises:
      ValueError: naming the flag, the value, and what would be right.
    """
    for name, field in FIELDS.items():
        value, choices = getattr(config, name), field.metadata["choices"]
        if choices and value not in choices:
            near = difflib.get_close_matches(str(value), choices, 1)
            raise ValueError(
                f"{name}={value!r}: must be one of {', '.join(choices)}"
                + (f" (did you mean {near[0]!r}?)" if near else "")
            )
    names.check(config.dataset)
    for name in ("steps", "epoch_steps", "batch_size", "steps_per_execution", "keep"):
        if getattr(config, name) < 1:
            raise ValueError(f"{name}={getattr(config, name)}: must be at least 1")
    if not config.learning_rate > 0:
        raise ValueError(f"learning_rate={config.learning_rate}: must be above 0")
    if config.keep_best and not config.keep_best.startswith("val_"):
        raise ValueError(f"keep_best={config.keep_best!r}: must be a figure of validation, such as val_loss")
    if config.patience and not config.keep_best:
        raise ValueError(f"patience={config.patience}: needs a figure to wait for, --keep_best=val_loss for instance")
    for name in (
        "clip_norm",
        "weight_decay",
        "warmup",
        "decay_from",
        "patience",
        "train_examples",
        "labelled_examples",
    ):
        if getattr(config, name) < 0:
            raise ValueError(f"{name}={getattr(config, name)}: must not be negative (0 turns it off)")
    if config.decay_from and (config.schedule == "constant" or config.decay_from >= config.steps):
        raise ValueError(
            f"decay_from={config.decay_from}: wants --schedule=cosine or linear, and more --steps than that "
            f"(schedule={config.schedule!r}, steps={config.steps})"
        )
    for name in ("beta_1", "beta_2", "rho", "momentum", "average"):
        if not 0 <= getattr(config, name) < 1:
            raise ValueError(f"{name}={getattr(config, name)}: must lie in [0, 1)")
    for player, options in config.players.items():
        for option in options:
            _check_option(player, option)
        try:
            check(of_player(config, player))
        except ValueError as error:
            raise ValueError(f"players: {player}.{error}") from None
    zoo.check_arguments(config.model, config.hparams)
    if config.start_from:
        _check_start(config)


def _check_start(config: TrainConfig) -> None:
    path, start = pathlib.Path(config.start_from) / "config.json", f"start_from={config.start_from!r}: "
    if not path.exists():
        raise ValueError(f"{start}no config.json there; give the --workdir of a training run")
    if path.parent.resolve() == pathlib.Path(config.workdir).resolve():
        raise ValueError(f"{start}is the --workdir of this run itself; give another")
    if (model := json.loads(path.read_text())["model"]) != config.model:
        raise ValueError(f"{start}holds a {model}, whose weights do not fit a {config.model}")


def read(path: str) -> TrainConfig:
    """The configuration in a config.json, of a run or written by hand (a field that is left out has its default).

    Raises:
      ValueError: naming the file and what is wrong in it.
    """
    if not pathlib.Path(path).is_file():
        raise ValueError(f"config={path!r}: no such file; give the config.json of a training run")
    try:
        values = json.loads(pathlib.Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"config={path!r}: is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"config={path!r}: must be an object of fields and values")
    values = {name: value for name, value in values.items() if name not in ("model_arguments", "data", "changes")}
    for name, value in values.items():
        if name not in FIELDS and name != "source":
            raise ValueError(f"config={path!r}: {name!r} is no field{zoo.closest(name, FIELDS)}")
        wanted = type(getattr(TrainConfig(), name))
        if not _is(value, wanted):
            raise ValueError(f"config={path!r}: {name}={value!r} must be {_KINDS[wanted]}")
    for player, options in values.get("players", {}).items():
        for option, value in options.items():
            _check_option(player, option)
            if not _is(value, wanted := type(getattr(TrainConfig(), option))):
                raise ValueError(f"config={path!r}: players: {player}.{option}={value!r} must be {_KINDS[wanted]}")
    given = values.get("hparams", {})
    zoo.check_arguments(model := values.get("model", ""), given)
    known = zoo.arguments(model)
    values["hparams"] = {name: _convert(name, _text(value), known[name]) for name, value in given.items()}
    return TrainConfig(**values)


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", dict: "an object"}


def _is(value, kind: type) -> bool:
    """Whether a value of JSON is of a type; a whole number is a number too, true is none."""
    return type(value) is kind or (kind is float and type(value) is int)


def _text(value) -> str:
    """A value of JSON as it is written in a flag."""
    return "x".join(map(str, value)) if isinstance(value, list) else str(value)


def write(path: pathlib.Path, config: TrainConfig, model_arguments: dict, data: dict, changes: list[dict]) -> None:
    """config.json: the configuration, the model's resolved arguments (for `zoo.restore`), the data's protocol, and what
    was changed on the way, [{"step", "name", "from", "to"}]."""
    values = {**dataclasses.asdict(config), "model_arguments": model_arguments, "data": data, "changes": changes}
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(values, indent=2) + "\n")
    partial.replace(path)


def changes(path: pathlib.Path, config: TrainConfig, model_arguments: dict) -> tuple[list[dict], list[dict]]:
    """What differs from the configuration that a work directory was begun with, of what a continuation may change.

    Returns:
      The changes that were made before, [{"step", "name", "from", "to"}], and those that are new, without their step.
    Raises:
      ValueError: naming what differs, where going on would make neither the old run nor the new one.
    """
    if not path.exists():
        return [], []
    old = json.loads(path.read_text())
    new = json.loads(json.dumps(dataclasses.asdict(config)))
    defaults = json.loads(json.dumps(dataclasses.asdict(TrainConfig())))  # of a field that is younger than the run
    found = []
    for name in sorted(set(new) - CONTINUABLE - {"hparams"}):
        before = old.get(name, defaults[name])
        if before == new[name]:
            continue
        if name not in CHANGEABLE:
            raise ValueError(_another(path, name, new[name], before))
        found.append({"name": name, "from": before, "to": new[name]})
    before, now = old["model_arguments"], json.loads(json.dumps(model_arguments))
    for name in sorted(before.keys() | now):
        if before.get(name) != now.get(name):
            raise ValueError("hparams: " + _another(path, name, now.get(name, "its default"), before.get(name)))
    return old.get("changes", []), found


def _another(path: pathlib.Path, name: str, now, before) -> str:
    return (
        f"{name}={now!r}: {path.parent} holds a run with {name}={before!r}; go on with that, or give another --workdir"
    )
