"""Proves an export: every signature, run in a fresh process by the session loader, answers what the live model does."""

import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

SCRIPT = pathlib.Path(__file__).with_name("plain_tensorflow.py")
Tensors = dict[str, dict[str, tf.Tensor]]  # {signature: {input or output: value}}
Answers = dict[str, dict[str, np.ndarray]]


def run_many(asked: Sequence[tuple[pathlib.Path, Tensors]]) -> list[Answers]:
    """The answers of exports, each to its requests {signature: {input: value}}, from plain TensorFlow in one process.

    Raises:
      RuntimeError: with what that process said, if it failed, which names the export.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments, answered = [], []
        for i, (export, requests) in enumerate(asked):
            arguments += [str(pathlib.Path(export).absolute()), f"{folder}/requests{i}.npz", f"{folder}/answers{i}.npz"]
            answered.append(arguments[-1])
            np.savez(
                arguments[-2],
                **{f"{name}/{key}": np.asarray(requests[name][key]) for name in requests for key in requests[name]},
            )
        # -P and another folder: nothing of this checkout can be imported. No GPU: the training process may hold it.
        done = subprocess.run(
            [sys.executable, "-P", str(SCRIPT), *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        )
        if done.returncode:
            raise RuntimeError(f"the export does not run in plain TensorFlow:\n{done.stderr[-4000:]}")
        return [_by_signature(path) for path in answered]


def _by_signature(path: str) -> Answers:
    answers: Answers = {}
    with np.load(path) as file:
        for key in file.files:
            name, output = key.split("/")
            answers.setdefault(name, {})[output] = file[key]
    return answers


def run_in_fresh_process(export: pathlib.Path, requests: Tensors) -> Answers:
    """`run_many` of one export."""
    return run_many([(export, requests)])[0]


def verify(export: pathlib.Path, requests: Tensors, answers: Tensors) -> None:
    """Holds what an export answers in a fresh process against what the live model does. Raises: see `compare`."""
    compare(run_in_fresh_process(export, requests), answers)


def compare(served: Answers, answers: Tensors) -> None:
    """Holds served answers against the live ones: integers equal, floats too where both run on a CPU.

    Raises:
      RuntimeError: naming the first output that differs, is missing or is not finite.
    """
    exact = not tf.config.list_physical_devices("GPU")
    for name, live in answers.items():
        if set(live) != set(served[name]):
            raise RuntimeError(f"{name}: the export answers {sorted(served[name])}, the live model {sorted(live)}")
        for key, value in live.items():
            value, other = value.numpy(), served[name][key]
            if not np.isfinite(other.astype(np.float64)).all():
                raise RuntimeError(f"{name}/{key}: the export answers NaN or Inf")
            if exact:
                same = np.array_equal(value, other)
            elif np.issubdtype(value.dtype, np.floating):
                same = np.allclose(value, other, rtol=1e-3, atol=1e-3)
            else:  # a float that rounds the other way on another device moves a level
                same = np.mean(value != other) < 0.01
            if not same:
                raise RuntimeError(
                    f"{name}/{key}: the export answers {other.ravel()[:5]}, the live model {value.ravel()[:5]}"
                )
