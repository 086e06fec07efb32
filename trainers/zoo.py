"""Every model there is, in the lecture's tree of generative models; or one of them, with all that is known of it.

    python -m trainers.zoo
    python -m trainers.zoo --model=vae

Of each: its paper, what it can do, what an export of it serves, its presets (* is published: `zoo.pretrained`), and
figures obtained by them beside published ones, each with its protocol.
"""

import json
import textwrap
from collections.abc import Iterator

from absl import flags

from tfgen import zoo
from trainers import flags as trainer_flags
from trainers import published
from trainers.presets import PRESETS

MODEL = flags.DEFINE_string("model", None, "one model, in detail")
# What is told of an evaluation, the first that it has: its unit, and the words of its protocol.
FIGURES = (
    ("nats", "nats, exact", ()),
    ("importance_bound_nats", "nats, a bound", ("importance_samples",)),
    ("a_to_b_class_kept", "of the classes kept", ("classifier_of_b_test_accuracy", "a_to_b_l1", "identity_l1")),
    ("retrieval", "of the drawings find their text", ("drawn", "retrieval_among", "retrieval_chance")),
    ("psnr_db", "dB", ("pairs", "bicubic_psnr_db", "linear_psnr_db", "nearest_psnr_db")),
    ("frechet_distance", "Frechet distance", ("samples", "features", "frechet_distance_floor")),
    ("mse_per_pixel", "squared error per pixel", ("pca_mse_per_pixel",)),
)


def obtained(preset: str) -> str:
    """The figure of a published model and its protocol, in a line."""
    evaluation = json.loads((zoo.PRETRAINED / preset / "evaluation.json").read_text())
    for name, unit, words in FIGURES:
        if name in evaluation:
            error = evaluation.get(f"{name}_standard_error")
            value = f"{evaluation[name]:.4g}" + (f" (s.e. {error:.2g})" if error else "")
            examples = evaluation.get("examples") or evaluation.get("mse_examples")
            on = (
                f"{evaluation['dataset']}, {examples} {evaluation['split']} examples"
                if examples
                else evaluation["dataset"]
            )
            return "; ".join(
                [f"{value} {unit}", on, *(f"{word} {evaluation[word]}" for word in words if word in evaluation)]
            )
    return "its card has its figures"


def _presets(model: str) -> list[str]:
    return [name for name, preset in PRESETS.items() if preset.model == model]


def summary(model: str) -> Iterator[str]:
    """Lines on a model: what it does, its presets, its figures."""
    entry, there = zoo.find(model), zoo.read_manifest()
    presets = _presets(model)
    yield f"does {', '.join(entry.verbs)}; serves {', '.join(entry.signatures)}"
    yield f"presets {', '.join(name + '*' * (name in there) for name in presets) or '-'}"
    yield from (f"obtained: {obtained(name)}  ({name})" for name in presets if name in there)
    yield from (f"published: {figure}" for figure in published.FIGURES.get(model, ()))


def tree() -> Iterator[str]:
    """The lines of the whole tree."""
    before: tuple[str, ...] = ()
    for family, branches in zoo.DENSITY.items():
        for depth, branch in enumerate(branches):
            if before[: depth + 1] != branches[: depth + 1]:
                yield "  " * depth + branch
        before, indent = branches, "  " * len(branches)
        for model, entry in zoo.MODELS.items():
            if entry.family == family:
                yield f"{indent}{model}: {entry.paper}"
                for line in summary(model):
                    yield textwrap.fill(line, 118, initial_indent=indent + "    ", subsequent_indent=indent + "      ")


def detail(model: str) -> Iterator[str]:
    """All that is known of a model without building it."""
    entry = zoo.find(model)
    yield f"{model}: {', '.join(zoo.DENSITY[entry.family])}"
    yield f"  paper     {entry.paper}"
    yield f"  file      {entry.path.split(':')[0].replace('.', '/')}.py"
    yield from (textwrap.fill(line, 118, initial_indent="  ", subsequent_indent="    ") for line in summary(model))
    yield "  arguments, --hparams=name=value:"
    yield from (f"    {name}: {kind}" for name, kind in zoo.arguments(model).items())
    yield f"  trained by python -m trainers.{trainer_flags.trainer_of(model)}:"
    for name in _presets(model):
        yield textwrap.fill(
            f"--preset={name}  {PRESETS[name].source}", 118, initial_indent="    ", subsequent_indent="      "
        )


def main() -> None:
    print("\n".join(detail(MODEL.value) if MODEL.value else tree()))


if __name__ == "__main__":
    trainer_flags.run(main)
