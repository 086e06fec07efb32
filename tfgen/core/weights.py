"""A model's variables alone in one compact file: in half precision what training moves, the rest as it is."""

import pathlib
import zipfile

import numpy as np


def write(path: pathlib.Path, model) -> None:
    """Writes every variable to a compressed .npz, named "<position>:<path>", in the order of `model.variables`.

    Trainable floats are rounded to float16; the rest (batch statistics, the step) is kept as it is.

    Raises:
      ValueError: naming a weight that is too large for float16, or not finite.
    """
    trainable = {id(variable) for variable in model.trainable_variables}
    arrays = {}
    for i, variable in enumerate(model.variables):
        value = variable.numpy()
        if id(variable) in trainable:
            with np.errstate(over="ignore"):
                value = value.astype(np.float16)
            if not np.isfinite(value).all():
                raise ValueError(f"weight {variable.path}: not finite in float16, whose largest value is 65504")
        arrays[f"{i}:{variable.path}"] = value
    np.savez_compressed(path, **arrays)


def read(path: pathlib.Path, model) -> None:
    """Sets the variables of a model that was built with the arguments of the one that was written.

    Raises:
      ValueError: where the file is no such file, or holds another model's variables.
    """
    try:
        with np.load(path) as file:
            arrays = list(file.values())
    except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{path}: no weights can be read from it ({error})") from error
    there, wanted = [array.shape for array in arrays], [tuple(variable.shape) for variable in model.variables]
    if there != wanted:
        raise ValueError(f"{path}: holds {len(there)} variables that are not those of {type(model).__name__}")
    for variable, array in zip(model.variables, arrays, strict=True):
        variable.assign(array.astype(variable.dtype))
