"""Checkpoints that are whole or not there: step-<n>.index is the last file that TensorFlow puts in place."""

import pathlib
import re
import shutil

import tensorflow as tf
from absl import logging


def trackable(model, average=None, optimizers: dict | None = None) -> tf.train.Checkpoint:
    """All that a checkpoint holds: the model with its step, the average of its weights, every player's optimizer.

    Of the model that is all of `model.variables`: also those that TensorFlow does not find by attributes, such as a
    pool of pictures in a plain object.
    """
    parts = {"model": model}
    found_by_attributes = {id(part) for part in tf.train.TrackableView(model).descendants()}
    others = [variable for variable in model.variables if id(variable) not in found_by_attributes]
    # Plain variables under names of their own, in no list: files of older runs have them by their average.
    parts |= {f"variable_{i}": variable.value for i, variable in enumerate(others)}
    if average is not None:
        parts["average"] = average
    if optimizers is not None:
        parts["optimizers"] = tf.train.Checkpoint(**optimizers)
    return tf.train.Checkpoint(**parts)


def best_directory(workdir: pathlib.Path, figure: str) -> pathlib.Path:
    """Where the checkpoint with the best `figure` of validation is kept."""
    return pathlib.Path(workdir) / f"best_{figure}"


def found(directory: pathlib.Path) -> list[tuple[int, pathlib.Path]]:
    """(step, path prefix) of every checkpoint in a directory, the newest first; other files are none."""
    matches = ((path, re.fullmatch(r"step-(\d+)\.index", path.name)) for path in pathlib.Path(directory).glob("step-*"))
    return sorted(((int(match[1]), path.with_suffix("")) for path, match in matches if match), reverse=True)


def save(directory: pathlib.Path, checkpoint: tf.train.Checkpoint, step: int, keep: int) -> None:
    """Writes step-<step> and removes all but the newest `keep`, and what writers that died left half done."""
    directory = pathlib.Path(directory)
    _remove_partial(directory)
    try:
        checkpoint.write(str(directory / f"step-{step}"))
    except BaseException:
        _remove_partial(directory)
        raise
    for _, old in found(directory)[keep:]:
        old.with_suffix(".index").unlink()  # first: without its index it is no checkpoint any more
    _remove_partial(directory)


def _remove_partial(directory: pathlib.Path) -> None:
    """Removes what belongs to no whole checkpoint: TensorFlow's folders of parts, and data without an index."""
    whole = {path.name for _, path in found(directory)}
    for path in directory.glob("step-*"):
        if re.fullmatch(r"step-\d+_temp", path.name):
            shutil.rmtree(path)
        elif (match := re.fullmatch(r"(step-\d+)\.data-.*", path.name)) and match[1] not in whole:
            path.unlink()


def restore(directory: pathlib.Path, checkpoint: tf.train.Checkpoint, step: int | None = None) -> int | None:
    """Reads the newest checkpoint that is whole into `checkpoint`, or that of a step; damaged ones are skipped with a
    warning.

    Returns:
      Its step, or None where there is no checkpoint at all.
    Raises:
      OSError: where there are checkpoints but none is whole.
      ValueError: where a whole one does not fit the model.
    """
    candidates = [(number, path) for number, path in found(directory) if step in (None, number)]
    for number, path in candidates:
        try:
            checkpoint.read(str(path)).assert_existing_objects_matched().expect_partial()
            return number
        except (tf.errors.OpError, IndexError, RuntimeError) as error:  # by where the damage is
            logging.error("SKIPPED the damaged checkpoint %s: %s", path, str(error).splitlines()[0])
        except AssertionError as error:
            raise ValueError(f"{path} was written by another model or configuration: {error}") from error
    if candidates:
        raise OSError(f"{directory}: none of the {len(candidates)} checkpoints is whole; remove them to start anew")
    return None


def restore_model(directory: pathlib.Path, model, average=None, step: int | None = None) -> int:
    """Reads a model, and the average of its weights, for use; its optimizers stay on disk. Returns the step."""
    found_step = restore(directory, trackable(model, average), step)
    if found_step is None:
        of_step = "" if step is None else f" of step {step}"
        raise FileNotFoundError(f"{directory}: no checkpoint{of_step} there; train with this --workdir first")
    return found_step
