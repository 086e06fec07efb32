"""Proves an export: every signature, run in a fresh process by the session loader, answers what the live model does."""

import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf

SCRIPT = pathlib.Path(__file__).with_name("plain_tensorflow.py")
Tensors = dict[str, dict[str, tf.Tensor]]


def run_in_fresh_process(export: pathlib.Path, requests: Tensors) -> dict[str, dict[str, np.ndarray]]:
    """The answers of an export to requests {signature: {input: value}}, from plain TensorFlow in a process of its own.

    Raises:
      RuntimeError: with what that process said, if it failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = os.path.join(folder, "requests.npz"), os.path.join(folder, "answers.npz")
        np.savez(
            asked,
            **{
                f"{name}/{key}": np.asarray(value)
                for name, request in requests.items()
                for key, value in request.items()
            },
        )
        # -P and another folder: nothing of this checkout can be imported. No GPU: the training process may hold it.
        done = subprocess.run(
            [sys.executable, "-P", str(SCRIPT), str(pathlib.Path(export).absolute()), asked, answered],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        )
        if done.returncode:
            raise RuntimeError(f"the export does not run in plain TensorFlow:\n{done.stderr[-4000:]}")
        answers: dict[str, dict[str, np.ndarray]] = {}
        with np.load(answered) as file:
            for key in file.files:
                name, output = key.split("/")
                answers.setdefault(name, {})[output] = file[key]
        return answers


def verify(export: pathlib.Path, requests: Tensors, answers: Tensors) -> None:
    """Holds the served answers against the live ones: integers equal, floats too where both run on a CPU.

    Raises:
      RuntimeError: naming the first output that differs or is not finite.
    """
    served = run_in_fresh_process(export, requests)
    exact = not tf.config.list_physical_devices("GPU")
    for name, live in answers.items():
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
