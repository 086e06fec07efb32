"""A trained model -> a SavedModel that TF Serving answers from.

The contract: a bare module of tf.Variables, functions with fixed input signatures and named tensors, dimension 0 the
batch and its size limited, randomness from `seed` rows, every row checked inside the graph and answered by itself, no
Python, custom or XLA op, a numbered folder that is written whole or not at all, warm-up requests and a model card
beside the weights, and every signature run in a fresh process against the live model before the folder gets its name.
"""

import contextlib
import dataclasses
import pathlib
import shutil

import tensorflow as tf
from absl import logging

from export import model_card, rows, verify, warmup
from export.requests import example_request
from tfgen import zoo
from tfgen.core import GenerativeModel, Signature

MAX_ROWS = 1024  # of a request, where the exporter does not say otherwise
ROWS = 3  # of the requests that verify and warm up an export


@contextlib.contextmanager
def _quiet():
    """Without TensorFlow's warnings of many traced functions, and of inputs that it renames and nobody names."""
    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(level)


@dataclasses.dataclass(frozen=True)
class Served:
    """The signatures of a model as a server has them, each traced once.

    `compiled` has, for use in a process of one's own, those whose loop XLA makes faster; no signature has XLA.
    """

    functions: dict[str, tf.types.experimental.PolymorphicFunction]
    compiled: dict[str, tf.types.experimental.PolymorphicFunction]
    max_rows: int

    @property
    def weights(self) -> list[tf.Variable]:
        """Those that the signatures read."""
        traced = [function.get_concrete_function() for function in self.functions.values()]
        return list({id(variable): variable for one in traced for variable in one.variables}.values())

    def save(self, folder: pathlib.Path) -> None:
        """Writes a SavedModel that holds no Keras object."""
        root = tf.Module()
        root.weights, root.compiled = self.weights, self.compiled
        # Signatures alone, and concrete: `tf.saved_model.save` traces every other function of the module anew.
        signatures = {name: function.get_concrete_function() for name, function in self.functions.items()}
        default = "sample" if "sample" in signatures else next(iter(signatures))
        with _quiet():
            tf.saved_model.save(root, str(folder), signatures={**signatures, "serving_default": signatures[default]})


def served_function(
    model: GenerativeModel, signature: Signature, compiled: bool = False, max_rows: int = MAX_ROWS
) -> tf.types.experimental.PolymorphicFunction:
    """A signature as a tf.function of {input name: tensor} that a server may ask anything; or its compiled twin.

    Beside the signature's outputs it answers `valid`, bool [N]: false, and zeros for the rest of the row, where a
    value of the row is out of range. A request of another shape, of no row or of more than `max_rows` is an error.
    """
    answer = signature.compiled if compiled else signature.function
    specs = {
        name: tf.TensorSpec([None, *spec.shape[1:]], spec.dtype, name=name) for name, spec in signature.inputs.items()
    }

    @tf.function(input_signature=[specs], autograph=False)
    def function(inputs):
        inputs = rows.checked(inputs, specs, max_rows, signature.sides)
        valid = rows.valid(model, inputs)
        answers = rows.or_zeros(valid, answer(**rows.or_zeros(valid, inputs))) | {"valid": valid}
        return {name: tf.identity(value, name=name) for name, value in answers.items()}

    return function


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
    draw: dict | None = None,
    name: str | None = None,
    max_rows: int = MAX_ROWS,
    best: bool = False,
) -> pathlib.Path:
    """Exports the model that was trained in `workdir`, with its averaged weights if it keeps an average.

    Args:
      workdir: of a training run.
      output: the version folder to make, <base>/<number>.
      names: the signatures to serve; all if left out. The export holds only the weights that these read.
      draw: how an autoregressive model draws, where not as it stands: fields of its `Draw`, which the card names.
      name: of the model, for its server; that of the run if left out.
      max_rows: the most that a request may have.
      best: at its best figure of validation (`--keep_best`), rather than at the last checkpoint.
    Raises:
      ValueError: for a bad output path, name or number of rows, an unknown signature, or a way to draw for a model
        that has none.
      FileNotFoundError: where `workdir` holds no trained model.
    """
    check_output(pathlib.Path(output))
    if name is not None and name != model_card.plain(name):
        raise ValueError(
            f"name={name!r}: must be of letters, digits, '_', '.' and '-', like {model_card.plain(name)!r}"
        )
    model = zoo.restore(workdir, best=best)
    if draw:
        if not hasattr(model, "drawing"):
            (name_, value), *_ = draw.items()
            raise ValueError(f"{name_}={value}: {type(model).__name__} draws without it")
        model.drawing = dataclasses.replace(model.drawing, **draw)
    about = model_card.describe_run(workdir, model)
    return export_model(model, output, about | ({"name": name} if name else {}), names, max_rows)


def export_model(
    model: GenerativeModel,
    output: pathlib.Path,
    about: dict,
    names: list[str] | None = None,
    max_rows: int = MAX_ROWS,
) -> pathlib.Path:
    """Exports a live model; `about` goes into its card, its name too if it has one. See `export`."""
    output = pathlib.Path(output)
    check_output(output)
    partial = output.with_name(f"partial-{output.name}")  # no number: TF Serving does not look at it
    shutil.rmtree(partial, ignore_errors=True)
    try:
        requests, answers = write(model, serve(model, names, max_rows), partial, output, about)
        verify.verify(partial, requests, answers)
    except BaseException:  # a full disk too
        shutil.rmtree(partial, ignore_errors=True)
        raise
    partial.rename(output)
    return output


def serve(model: GenerativeModel, names: list[str] | None = None, max_rows: int = MAX_ROWS) -> Served:
    """The signatures of a model, or those that are named, as a server has them; see `export`."""
    signatures = model.signatures()
    unknown = [name for name in names or [] if name not in signatures]
    if unknown:
        raise ValueError(f"signatures={unknown[0]!r}: {type(model).__name__} serves {', '.join(signatures)}")
    if max_rows < 1:
        raise ValueError(f"max_rows={max_rows}: must be at least 1")
    signatures = {name: signatures[name] for name in names or signatures}
    functions = {name: served_function(model, one, max_rows=max_rows) for name, one in signatures.items()}
    twins = {name: served_function(model, one, True, max_rows) for name, one in signatures.items() if one.compiled}
    return Served(functions, twins, max_rows)


def write(
    model: GenerativeModel, served: Served, folder: pathlib.Path, output: pathlib.Path, about: dict
) -> tuple[verify.Tensors, verify.Tensors]:
    """Writes an export that is still to be verified into `folder`; its card calls it `output`. See `export`.

    Returns:
      Requests to verify it with, one for each signature, and what the live model answers.
    """
    signatures = {name: one for name, one in model.signatures().items() if name in served.functions}
    requests = {name: example_request(model, one, min(ROWS, served.max_rows)) for name, one in signatures.items()}
    with _quiet():
        answers = {name: served.functions[name](request) for name, request in requests.items()}

    folder.parent.mkdir(parents=True, exist_ok=True)
    served.save(folder)
    about = {"name": output.absolute().parent.name, "max_rows": served.max_rows} | about
    warmup.write(folder, about["name"], requests)
    model_card.write(folder, output.absolute(), model, about, signatures, answers, served.weights)
    return requests, answers
