"""From a TrainConfig to a trained, exported model. Names no model."""

import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import re
import sys
from collections.abc import Mapping

import keras
import tensorflow as tf

from export import saved_model
from tfgen import data as datasets
from tfgen import zoo
from tfgen.core import checkpoints
from tfgen.data import splits
from trainers import callbacks, optimizers, strategies, workdirs
from trainers import config as configs
from trainers.config import TrainConfig


def load_data(config: Mapping, data_dir: str | None = None) -> datasets.Examples:
    """What a config.json was, or is to be, trained on; `data_dir` instead of that of the run."""
    data = datasets.load(
        config["dataset"],
        data_dir or config["data_dir"] or None,
        config["transforms"],
        config["skip_corrupt"],
        config.get("cache", True),
    )
    count = config.get("train_examples", 0)
    return data.with_training_examples(count) if count else data


def model_arguments(config: TrainConfig, data: datasets.Examples) -> dict:
    """The arguments of the model: those of the data set that it has, and over them those that were given."""
    known = zoo.arguments(config.model)
    return {name: value for name, value in data.arguments.items() if name in known} | dict(config.hparams)


def build(config: TrainConfig, data: datasets.Examples, strategy: tf.distribute.Strategy):
    """The model with its variables and optimizers, under the strategy, checked against the data."""
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(config.precision)
    with strategy.scope():
        model = zoo.create(config.model, **model_arguments(config, data))
        model.check(data.element_spec, data.limits)
        model.make_variables()
        if checkpoints.found(pathlib.Path(config.workdir) / "checkpoints"):
            pass  # they have it all
        elif config.start_from:
            _start_from(config, model)
        elif model.initialize:
            model.initialize(next(iter(data.training_batches(config.batch_size, config.seed))))
        model.compile(
            optimizers.make(config, model),
            seed=config.seed,
            clip_norm=config.clip_norm or None,
            average=config.average or None,
            steps_per_execution=min(config.steps_per_execution, config.epoch_steps),
        )
    return model


def _start_from(config: TrainConfig, model) -> None:
    """Gives a model the weights of another run: those that it exports.

    Where one of them has parts that the other has not, those that both have begin so: an SRGAN with the generator of an
    SRResNet.

    Raises:
      ValueError: naming the first weight that does not fit.
    """
    source = zoo.restore(config.start_from, best=bool(zoo.read_config(config.start_from).get("keep_best")))
    ours, theirs = (
        {name: part for name, part in vars(one).items() if isinstance(part, keras.layers.Layer)}
        for one in (model, source)
    )
    shared = [name for name in ours if name in theirs] if set(ours) != set(theirs) else []
    parts = [(ours[name], theirs[name]) for name in shared] or [(model, source)]
    pairs = [pair for part in parts for pair in itertools.zip_longest(*(one.variables for one in part))]
    for mine, its in pairs:
        if mine is None or its is None or mine.shape != its.shape:
            there, here = (f"{v.path} {tuple(v.shape)}" if v is not None else "nothing" for v in (its, mine))
            raise ValueError(
                f"start_from={config.start_from!r}: has {there} where this model has {here}; see --hparams"
            )
    for mine, its in pairs:
        mine.assign(its.numpy())
    of_parts = f" ({', '.join(shared)} alone)" if shared else ""
    print(f"beginning with the weights of {config.start_from}{of_parts} at step {int(source.step.numpy())}")
    model.step.assign(0)


def segments(start: int, stop: int, every: int) -> list[tuple[int, int]]:
    """[start, stop) in epochs that end at multiples of `every`, as (steps of an epoch, number of such epochs)."""
    parts = []
    while start < stop:
        if start % every or stop - start < every:
            steps, epochs = min(every - start % every, stop - start), 1
        else:
            steps, epochs = every, (stop - start) // every
        parts.append((steps, epochs))
        start += steps * epochs
    return parts


def run(config: TrainConfig, export: bool = True) -> pathlib.Path | None:
    """Trains, or goes on training, and exports. Returns the folder of the export (None on workers that write nothing).

    Raises:
      ValueError: for bad input, before any training.
      FloatingPointError: where a loss is NaN or Inf, with the term and the step; the last good checkpoint is kept.
    """
    strategy = strategies.make(config.strategy)  # first: several workers meet before TensorFlow runs anything
    strategies.check_batch_size(strategy, config.batch_size)
    chief = strategies.is_chief(strategy)
    workdir = pathlib.Path(config.workdir)
    with workdirs.room(workdir, workdir), workdirs.held(workdir) if chief else contextlib.nullcontext():
        data = load_data(dataclasses.asdict(config))
        data = data.with_labels(config.labelled_examples) if config.labelled_examples else data
        arguments = model_arguments(config, data)
        made, new = [], []
        if checkpoints.found(workdir / "checkpoints"):
            made, new = configs.changes(workdir / "config.json", config, arguments)
            if path := _exported(config, workdir):  # every worker ends: one that went on would wait for the others
                print(f"nothing is left to do: {workdir} was trained to its end and exported to {path}/")
                return path if chief else None
            _check_same_data(workdir / "config.json", config, data)
        elif (workdir / "config.json").exists():
            print(f"{workdir} holds no checkpoint: what was begun there is begun anew")
        model = build(config, data, strategy)
        rows = config.batch_size * model.examples_per_row
        data.training_batches(rows, config.seed)  # refuses more rows than there are, before anything is written
        trackable = checkpoints.trackable(model, model.average, model.optimizers)
        step = _restore(config, model, trackable)
        best = None
        if config.keep_best:
            patience = config.patience * config.epoch_steps
            best = callbacks.Best(workdir, model, config.keep_best, patience, step, chief)
        for change in new:
            print(f"from step {step} on {change['name']} is {change['to']!r}; it was {change['from']!r}")
        if chief:
            made += [{"step": step, **change} for change in new]
            configs.write(workdir / "config.json", config, arguments, data.record, made)
        if step < config.steps and not (best and best.ended(step)):
            _train(config, model, data, strategy, trackable, step, chief, best)
        return _export(config, workdir) if chief and export else None


def _check_same_data(path: pathlib.Path, config: TrainConfig, data: datasets.Examples) -> None:
    """Refuses to go on with other examples than those that a run was begun with: some might change their split."""
    begun = json.loads(path.read_text()) if path.exists() else {}
    if differs := splits.difference(begun.get("data", {}), data.record):
        raise ValueError(
            f"dataset={config.dataset!r}: {differs}; go on with what the run in {path.parent} was begun with, or give "
            "another --workdir"
        )


def _restore(config: TrainConfig, model, trackable) -> int:
    """Reads the last checkpoint, if there is any; returns the step to go on from."""
    step = checkpoints.restore(pathlib.Path(config.workdir) / "checkpoints", trackable) or 0
    if step:
        print(f"going on from step {step} in {config.workdir}")
    return step


def _train(config, model, data, strategy, trackable, step, chief, best):
    workdir = pathlib.Path(config.workdir)
    rows = config.batch_size * model.examples_per_row
    saver = callbacks.Checkpoint(callbacks.Saver(workdir / "checkpoints", trackable, config.keep, chief))
    hooks = [callbacks.AveragedValidation(), progress := callbacks.Progress(config.steps, rows)]
    hooks += [callbacks.Diagnosis(data)] if model.diagnose else []
    logs = callbacks.Logs(workdir, step, progress) if chief else None
    hooks += [logs] if chief else []
    hooks += [callbacks.Pictures(workdir / "pictures", data, logs.writer if chief else None)]
    # The best before the last: a run that dies between them repeats the epoch, and finds the same again.
    hooks += [best, saver] if best else [saver]
    validation = strategies.shard_by_data(strategy, data.batches("validation", config.batch_size))
    with callbacks.StopOnSignal() as stopper:
        try:
            for epoch_steps, epochs in segments(step, config.steps, config.epoch_steps):
                batches = strategies.distribute(strategy, data.training_batches, rows, config.seed, step)
                model.fit(
                    batches,
                    steps_per_epoch=epoch_steps,
                    epochs=epochs,
                    validation_data=validation,
                    verbose=0,
                    callbacks=[stopper, *hooks],
                )
                step += epoch_steps * epochs
                if model.stop_training:
                    break
        except callbacks.Stopped as stopped:
            saver.save()
            print(f"\nstopped by {stopped} at step {int(model.step.numpy())}; the same command goes on from there")
            sys.exit(128 + int(stopper.received))
        except tf.errors.InvalidArgumentError as error:
            term = re.search(r"term '([\w]+)'[^\n]*Tensor had ([\w-]+)", str(error))
            if not term:
                raise
            kept = checkpoints.found(workdir / "checkpoints")
            raise FloatingPointError(
                f"{term[1]} is {term[2]} at step {int(model.step.numpy()) + 1}; with a lower --learning_rate or "
                "--clip_norm=1 the same command "
                + (f"goes on from step {kept[0][0]}, the last good checkpoint" if kept else "begins anew")
            ) from None


def _exported(config: TrainConfig, workdir: pathlib.Path) -> pathlib.Path | None:
    """The export of a run that is at its end, if there is one and it is not older than the weights."""
    step, weights = checkpoints.found(workdir / "checkpoints")[0]
    best = checkpoints.found(checkpoints.best_directory(workdir, config.keep_best)) if config.patience else []
    ended = step >= config.steps or (best and step - best[0][0] >= config.patience * config.epoch_steps)
    record, base = workdir / "exported.json", _export_base(config)
    if not ended or not record.exists():
        return None
    exported = json.loads(record.read_text())
    path = workdir / exported["path"]
    newer = record.stat().st_mtime >= weights.with_suffix(".index").stat().st_mtime
    same = exported["best"] == config.keep_best and path.parent.resolve() == base.resolve()
    return base / path.name if newer and same and path.exists() else None


def _export_base(config: TrainConfig) -> pathlib.Path:
    return pathlib.Path(config.export_dir or pathlib.Path(config.workdir) / "export")


def _export(config: TrainConfig, workdir: pathlib.Path) -> pathlib.Path:
    base = _export_base(config)
    with workdirs.room(base, workdir):
        path = saved_model.export(workdir, saved_model.next_version(base), best=bool(config.keep_best))
        exported = {"path": os.path.relpath(path, workdir), "best": config.keep_best}
        (workdir / "exported.json").write_text(json.dumps(exported) + "\n")
    print(
        f"\ntrained:  {workdir}/  (config.json, metrics.jsonl, checkpoints/, pictures/, tensorboard/)\n"
        f"exported: {path}/  (MODEL_CARD.md says how to call it)\n"
        f"next:     python -m trainers.evaluate --workdir={workdir}\n"
        f"          tensorboard --logdir={workdir}/tensorboard"
    )
    return path
