"""Arrays of real numbers in a .npz file."""

import pathlib
import zipfile

import numpy as np


def read(dataset: str, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Those of the arrays `names` that are in the file of a data set "kind:FILE.npz", float32.

    Raises:
      ValueError: where there is no such file, or an array is not real or not finite.
    """
    path = dataset.partition(":")[2]
    if not pathlib.Path(path).is_file():
        raise ValueError(f"dataset={dataset!r}: there is no such file")
    if not zipfile.is_zipfile(path):
        raise ValueError(f"dataset={dataset!r}: this is no .npz file; numpy.savez(path, {names[0]}=...) writes one")
    with np.load(path) as file:
        kinds = {name: file[name].dtype for name in names if name in file.files}
        for name, dtype in kinds.items():
            if dtype.kind not in "fiub":
                raise ValueError(
                    f"dataset={dataset!r}: {name!r} is {dtype.name}, but must be of real numbers"
                    + ("; real and imaginary parts may be two of its D" if dtype.kind == "c" else "")
                )
        arrays = {name: file[name].astype(np.float32) for name in kinds}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"dataset={dataset!r}: {name!r} has NaN or Inf in it")
    return arrays
