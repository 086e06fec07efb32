"""A trained model -> a SavedModel that TF Serving answers from.

The contract: a bare module of tf.Variables, functions with fixed input signatures and named tensors, dimension 0 the
batch, randomness from `seed` rows, inputs checked inside the graph, no Python, custom or XLA op, a numbered folder that
is written whole or not at all, warm-up requests and a model card beside the weights, and every signature run in a fresh
process against the live model before the folder gets its name.
"""

import contextlib
import dataclasses
import pathlib
import shutil

import tensorflow as tf
from absl import logging

from export import model_card, verify, warmup
from export.requests import example_request
from tfgen import zoo
from tfgen.core import GenerativeModel, Signature

LARGEST = 1e4  # magnitude of a float input: beyond it a network may overflow, and an answer must be finite
ROWS = 3  # of the requests that verify and warm up an export


class Served(tf.Module):
    """What is saved: the functions, and of the variables those that they read. It holds no Keras object.

    `compiled` has, for use in a process of one's own, those whose loop XLA makes faster; no signature has XLA.
    """

    def __init__(self, functions: dict, compiled: dict | None = None):
        super().__init__()
        self.functions = functions
        self.compiled = compiled or {}
        self.weights = list(
            {id(v): v for f in functions.values() for v in f.get_concrete_function().variables}.values()
        )


def served_function(model: GenerativeModel, signature: Signature, compiled: bool = False):
    """A signature as a tf.function of {input name: tensor} that refuses what is out of range; or its compiled twin."""
    answer = signature.compiled if compiled else signature.function
    specs = {
        name: tf.TensorSpec([None, *spec.shape[1:]], spec.dtype, name=name) for name, spec in signature.inputs.items()
    }

    @tf.function(input_signature=[specs], autograph=False)
    def function(inputs):
        with tf.control_dependencies(_row_checks(inputs)):
            checked = {name: _checked(model, name, value, specs[name]) for name, value in inputs.items()}
        return {name: tf.identity(value, name=name) for name, value in answer(**checked).items()}

    return function


def _row_checks(inputs):
    (first, value), *others = inputs.items()
    return [
        tf.debugging.assert_positive(tf.shape(value)[0], message=f"{first} must have at least one row"),
        *(
            tf.debugging.assert_equal(
                tf.shape(other)[0], tf.shape(value)[0], message=f"{name} must have as many rows as {first}"
            )
            for name, other in others
        ),
    ]


def _checked(model, name: str, value: tf.Tensor, spec: tf.TensorSpec) -> tf.Tensor:
    # A session does not hold a request to the shape of its signature: without this 10x10 passes for 8x8.
    value = tf.ensure_shape(value, spec.shape)
    checks = []
    if spec.dtype.is_floating:
        checks.append(
            tf.debugging.assert_less_equal(
                tf.abs(value), LARGEST, message=f"{name} must be finite and at most {LARGEST:g} in magnitude"
            )
        )
    elif name in model.limits and model.limits[name] <= spec.dtype.max:
        message = f"{name} must lie in 0 .. {model.limits[name] - 1}"
        checks.append(tf.debugging.assert_less(value, tf.constant(model.limits[name], spec.dtype), message=message))
        if not spec.dtype.is_unsigned:
            checks.append(tf.debugging.assert_non_negative(value, message=message))
    with tf.control_dependencies(checks):
        return tf.identity(value)


@contextlib.contextmanager
def _quiet():
    """Without TensorFlow's warnings of many traced functions, and of inputs that it renames and nobody names."""
    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(level)


def next_version(base: pathlib.Path) -> pathlib.Path:
    """<base>/<n>, n one above the highest there is."""
    base = pathlib.Path(base)
    there = [int(path.name) for path in base.glob("*") if path.name.isdigit()] if base.exists() else []
    return base / str(max(there, default=0) + 1)


def check_output(path: pathlib.Path) -> None:
    """Holds a path against what TF Serving reads.

    Raises:
      ValueError: where the last part is no number, or the folder exists.
    """
    if not path.name.isdigit():
        raise ValueError(
            f"output={str(path)!r}: must end in a version number, like .../my_model/1 (TF Serving reads "
            "numbered folders only)"
        )
    if path.exists():
        raise ValueError(f"output={str(path)!r}: exists already; give the next version, {next_version(path.parent)}")


def export(
    workdir: pathlib.Path,
    output: pathlib.Path,
    names: list[str] | None = None,
    temperature: float = 1.0,
    nucleus: float = 1.0,
) -> pathlib.Path:
    """Exports the model that was trained in `workdir`, with its averaged weights if it keeps an average.

    Args:
      workdir: of a training run.
      output: the version folder to make, <base>/<number>.
      names: the signatures to serve; all if left out. The export holds only the weights that these read.
      temperature, nucleus: how an autoregressive model draws; the card names them.
    Raises:
      ValueError: for a bad output path or an unknown signature, or a temperature for a model that has none.
      FileNotFoundError: where `workdir` holds no trained model.
    """
    check_output(pathlib.Path(output))
    model = zoo.restore(workdir)
    if (temperature, nucleus) != (1.0, 1.0):
        if not hasattr(model, "draw"):
            raise ValueError(f"temperature={temperature}, nucleus={nucleus}: {type(model).__name__} draws without them")
        model.draw = dataclasses.replace(model.draw, temperature=temperature, nucleus=nucleus)
    return export_model(model, output, model_card.describe_run(workdir, model), names)


def export_model(model: GenerativeModel, output: pathlib.Path, about: dict, names: list[str] | None = None):
    """Exports a live model; `about` goes into its card. See `export`."""
    output = pathlib.Path(output)
    check_output(output)
    partial = output.with_name(f"partial-{output.name}")  # no number: TF Serving does not look at it
    shutil.rmtree(partial, ignore_errors=True)
    requests, answers = write(model, partial, output, about, names)
    verify.verify(partial, requests, answers)
    partial.rename(output)
    return output


def write(
    model: GenerativeModel, folder: pathlib.Path, output: pathlib.Path, about: dict, names: list[str] | None = None
) -> tuple[verify.Tensors, verify.Tensors]:
    """Writes an export that is still to be verified into `folder`; its card calls it `output`. See `export`.

    Returns:
      Requests to verify it with, one for each signature, and what the live model answers.
    """
    signatures = model.signatures()
    unknown = [name for name in names or [] if name not in signatures]
    if unknown:
        raise ValueError(f"signatures={unknown[0]!r}: {type(model).__name__} serves {', '.join(signatures)}")
    signatures = {name: signatures[name] for name in names or signatures}
    functions = {name: served_function(model, signature) for name, signature in signatures.items()}
    default = "sample" if "sample" in functions else next(iter(functions))
    requests = {name: example_request(model, signature, ROWS) for name, signature in signatures.items()}
    with _quiet():
        answers = {name: functions[name](request) for name, request in requests.items()}

    folder.parent.mkdir(parents=True, exist_ok=True)
    twins = {name: served_function(model, one, True) for name, one in signatures.items() if one.compiled}
    served = Served(functions, twins)
    with _quiet():
        tf.saved_model.save(served, str(folder), signatures={**functions, "serving_default": functions[default]})
    warmup.write(folder, output.parent.name, requests)
    model_card.write(folder, output, model, about, signatures, answers, served.weights)
    return requests, answers
