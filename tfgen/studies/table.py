"""The studies by name. Importing this imports neither TensorFlow nor matplotlib.

A study is a module of this room with a function `study(model, data, settings) -> (figure, numbers)`: a matplotlib
figure that a person wants to look at, and its numbers as JSON holds them, with their protocol.
"""

import importlib
import json
import pathlib
import time

from tfgen import zoo
from tfgen.studies.needs import Row


def _row(name: str, *needs: str) -> Row:
    def function(model, data, settings):
        return importlib.import_module(f"tfgen.studies.{name}").study(model, data, settings)

    return Row(name, needs, function)


_ROWS = (
    _row("reconstruction", "reconstruct", "image"),
    _row("interpolation", "encode", "decode", "image"),
    _row("manifold", "encode", "decode", "image", "latent_dim=2", "prior N(0, I)"),
    _row("traversal", "encode", "decode", "image", "latent_dim"),
    _row("sharpness", "sample", "image"),
    _row("aggregated", "encode", "prior", "image", "labels", "latent_dim"),
    _row("bound", "elbo", "prior", "encode", "decode", "image", "latent_dim"),
    _row("anomaly", "log_prob or elbo", "image", "no condition", "--other=DATASET"),
    _row("code_size", "encode", "decode", "image", "latent_dim"),
    _row("clusters", "encode", "image", "labels"),
    _row("transfer", "encode", "image", "labels"),
    _row("density", "log_prob", "sample", "point"),
    _row("first_pixel", "log_prob", "sample", "complete", "image"),
    _row("planning", "simulate", "series", "a simulator"),
    _row("walk", "generate", "prior", "image"),
    _row("sentences", "embed", "given text", "image"),
    _row("arithmetic", "generate", "prior", "image", "no condition"),
    _row("saturation", "generate", "discriminate", "image", "no condition", "cross-entropies"),
    _row("progress", "sample", "image", "labels", "no condition", "kept checkpoints (--keep)"),
    _row("objectives", "generate", "discriminate", "no condition", "any objective"),
    _row("discriminator_steps", "generate", "discriminate", "no condition", "any objective"),
    _row("guidelines", "generate", "discriminate", "no condition", "guidelines"),
    _row("features", "discriminate", "image", "labels", "no condition", "features"),
    _row("answers", "a source", "image"),
    _row("disentanglement", "encode", "image", "latent_dim", "factors"),
)
STUDIES = {row.name: row for row in _ROWS}


def find(name: str) -> Row:
    """The row of a study.

    Raises:
      ValueError: listing the studies there are.
    """
    if name not in STUDIES:
        raise ValueError(
            f"study={name!r}: there is no such study{zoo.closest(name, STUDIES)}; there are {', '.join(STUDIES)}; "
            "without --study the command says which of them this model can have"
        )
    return STUDIES[name]


def listing(there: set[str]) -> str:
    """A line for each study: what it shows, or what a model that offers `there` lacks of its needs."""
    width = max(map(len, STUDIES))
    lines = []
    for row in STUDIES.values():
        about = importlib.import_module(f"tfgen.studies.{row.name}").__doc__.splitlines()[0]
        lacking = row.lacking(there)
        lines.append(f"  {row.name:{width}}  " + (f"(lacks {', '.join(lacking)})" if lacking else about))
    return "\n".join(lines)


def conduct(name: str, there: set[str], model, data, settings, folder: pathlib.Path) -> dict:
    """Makes a study, and leaves <folder>/<name>.png and <name>.json; returns what is in the latter.

    Args:
      there: what the model offers, see `needs.offered`.
    Raises:
      ValueError: naming what the study needs and the model lacks, or that there is no such study.
    """
    row = find(name)
    if lacking := row.lacking(there):
        raise ValueError(f"study={name!r}: lacks {', '.join(lacking)} with {type(model).__name__} on {data.name}")
    from tfgen.studies import figures

    began = time.time()
    with figures.style():
        figure, numbers = row.function(model, data, settings)
        folder.mkdir(parents=True, exist_ok=True)
        figure.savefig(folder / f"{name}.partial", format="png")
    line = {
        "study": name,
        "model": type(model).__name__,
        "dataset": data.name,
        "split": settings.split,
        "data": data.protocol,
        "steps": int(model.step.numpy()),
        **numbers,
        "seed": settings.seed,
        "seconds": round(time.time() - began, 1),
    }
    (folder / f"{name}.partial").replace(folder / f"{name}.png")
    (folder / f"{name}.partial").write_text(json.dumps(line, indent=2, allow_nan=False) + "\n")
    (folder / f"{name}.partial").replace(folder / f"{name}.json")
    return line
