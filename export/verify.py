"""Proves an export: every signature, run in a fresh process by the session loader, answers what the live model does."""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf

TOLERANCE = 1e-6  # relative and absolute, of a float
SCRIPT = pathlib.Path(__file__).with_name("plain_tensorflow.py")
Tensors = dict[str, dict[str, tf.Tensor]]  # {signature: {input or output: value}}
Answers = dict[str, dict[str, np.ndarray]]


class PlainTensorFlow:
    """A process of plain TensorFlow that answers from exports, one after another, within a `with`."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self._said = open(f"{self._folder.name}/said", "w+")
        # -P and another folder: nothing of this checkout can be imported. No GPU: the training process may hold it.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(SCRIPT), "-"],
            cwd=self._folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        )
        return self

    def __call__(self, export: pathlib.Path, requests: Tensors) -> Answers:
        """The answers of an export to requests {signature: {input: value}}.

        Raises:
          RuntimeError: with what the process said, if it failed, which names the export.
        """
        asked, answered = f"{self._folder.name}/requests.npz", f"{self._folder.name}/answers.npz"
        np.savez(
            asked, **{f"{name}/{key}": _array(value) for name, one in requests.items() for key, value in one.items()}
        )
        with contextlib.suppress(BrokenPipeError):  # it is gone; it says why below
            self._process.stdin.write(f"{pathlib.Path(export).absolute()}\t{asked}\t{answered}\n")
            self._process.stdin.flush()
        if not self._process.stdout.readline():
            self._said.seek(0)
            raise RuntimeError(f"the export does not run in plain TensorFlow:\n{self._said.read()[-4000:]}")
        return _by_signature(answered)

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._said.close()
        self._folder.cleanup()


def _array(value) -> np.ndarray:
    """As a file of arrays holds it: texts as bytes of one size."""
    array = np.asarray(value)
    return array.astype("S") if array.dtype == object else array


def _by_signature(path: str) -> Answers:
    answers: Answers = {}
    with np.load(path) as file:
        for key in file.files:
            name, output = key.split("/")
            answers.setdefault(name, {})[output] = file[key]
    return answers


def verify(export: pathlib.Path, requests: Tensors, answers: Tensors) -> None:
    """Holds what an export answers in a fresh process against what the live model does. Raises: see `compare`."""
    with PlainTensorFlow() as answer:
        compare(answer(export, requests), answers)


def compare(served: Answers, answers: Tensors) -> None:
    """Holds served answers against the live ones: integers equal, floats to their last bits where both run on a CPU.

    A session and a function fuse operations differently (oneDNN), which moves a float by a unit in its last place.

    Raises:
      RuntimeError: naming the first output that differs, is missing or is not finite.
    """
    on_cpu = not tf.config.list_physical_devices("GPU")
    tolerance = TOLERANCE if on_cpu else 1e-3
    for name, live in answers.items():
        if set(live) != set(served[name]):
            raise RuntimeError(f"{name}: the export answers {sorted(served[name])}, the live model {sorted(live)}")
        for key, value in live.items():
            value, other = value.numpy(), served[name][key]
            if not np.isfinite(other.astype(np.float64)).all():
                raise RuntimeError(f"{name}/{key}: the export answers NaN or Inf")
            if np.issubdtype(value.dtype, np.floating):
                same = np.allclose(value, other, rtol=tolerance, atol=tolerance)
            elif on_cpu:
                same = np.array_equal(value, other)
            else:  # a float that rounds the other way on another device moves a level
                same = np.mean(value != other) < 0.01
            if not same:
                raise RuntimeError(
                    f"{name}/{key}: the export answers {other.ravel()[:5]}, the live model {value.ravel()[:5]}"
                )
