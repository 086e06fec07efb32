"""Publishes a trained model in pretrained/, for `zoo.pretrained`: weights alone, measured anew as they are stored.

    python -m trainers.publish --workdir=runs/vae_mnist [--full] [--studies=traversal]

pretrained/<name>/ gets weights.npz (float16; averaged where the run kept an average; at its best where it kept that; no
optimizer), config.json, evaluation.json with its protocol, MODEL_CARD.md, up to three pictures, and those of studies of
the run that are named; pretrained/MANIFEST.json their sizes and sha256. A model of more than 2 MB is refused.
"""

import dataclasses
import hashlib
import json
import pathlib
import shutil
import tempfile
from collections.abc import Sequence

from absl import flags
from PIL import Image

from trainers import flags as trainer_flags

WORKDIR = flags.DEFINE_string("workdir", None, "of the training run", required=True)
NAME = flags.DEFINE_string("name", None, "to publish it by (default: the name of the workdir, which is the preset's)")
STUDIES = flags.DEFINE_list("studies", [], "studies that were made of the run, whose pictures go along")
trainer_flags.declare_protocol()

LARGEST, LARGEST_PICTURE = 2_000_000, 100_000  # bytes, of all files of a model and of a picture
PICTURES = 3
COLORS = 64  # of a study's picture, which is drawn: a third of its bytes


def main() -> None:
    from tfgen import zoo

    zoo.read_config(WORKDIR.value)
    name = NAME.value or pathlib.Path(WORKDIR.value).absolute().name
    folder = publish(pathlib.Path(WORKDIR.value), name, trainer_flags.protocol(), flags.FLAGS.data_dir, STUDIES.value)
    print((folder / "evaluation.json").read_text())
    print(f"published: {folder}/  ({sum(path.stat().st_size for path in folder.iterdir()):,} bytes)")


def publish(
    workdir: pathlib.Path, name: str, protocol, data_dir: str | None = None, studies: Sequence[str] = ()
) -> pathlib.Path:
    """Publishes the model of a training run by a name, in place of an older one of that name.

    Args:
      protocol: `measures.Protocol` of evaluation.json.
      data_dir: where TFDS keeps its data, if not where it did in the run.
      studies: whose pictures are in the workdir and go along.
    Raises:
      ValueError: where the model takes more than 2 MB, or a study was not made.
    """
    from tfgen import zoo
    from tfgen.core import weights
    from trainers import measures, runner

    config = zoo.read_config(workdir)
    drawn = [workdir / "studies" / f"{study}.png" for study in studies]
    if missing := [path.stem for path in drawn if not path.exists()]:
        raise ValueError(
            f"studies={missing[0]!r}: was not made; python -m trainers.study --workdir={workdir} --study={missing[0]}"
        )
    model = zoo.restore(workdir, best=bool(config.get("keep_best")))
    with tempfile.TemporaryDirectory() as scratch:
        made = pathlib.Path(scratch) / name
        made.mkdir()
        weights.write(made / "weights.npz", model)
        _check_size(name, made)  # before minutes of measuring
        weights.read(made / "weights.npz", model)  # what is measured is what is stored
        data = runner.load_data(config, data_dir)
        protocol = dataclasses.replace(protocol, folder=str(workdir / "classifier"))  # it is not published
        evaluation = measures.report(config, model, data, protocol, made)
        if "data_differs" in evaluation:
            raise ValueError(f"workdir={str(workdir)!r}: {evaluation['data_differs']}; its figures would be of no use")
        evaluation["check"] = measures.check(model, data)
        begun = pathlib.Path(config.get("start_from", "")).name
        here = {"workdir": "", "export_dir": "", "data_dir": "", "start_from": begun}  # folders are of no use elsewhere
        (made / "config.json").write_text(json.dumps(config | here, indent=2) + "\n")
        (made / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n")
        _keep_pictures(made)
        for path in drawn:
            Image.open(path).convert("RGB").quantize(COLORS).save(made / path.name, optimize=True)
        (made / "MODEL_CARD.md").write_text(_card(name, made, model))
        _check_size(name, made)
        shutil.rmtree(zoo.PRETRAINED / name, ignore_errors=True)
        shutil.copytree(made, zoo.PRETRAINED / name)
    manifest = zoo.read_manifest() | {name: _listed(zoo.PRETRAINED / name)}
    (zoo.PRETRAINED / "MANIFEST.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    return zoo.PRETRAINED / name


def _check_size(name: str, folder: pathlib.Path) -> None:
    size = sum(path.stat().st_size for path in folder.iterdir())
    if size > LARGEST:
        raise ValueError(
            f"name={name!r}: takes {size:,} bytes, and a published model at most {LARGEST:,}; train a smaller"
        )


def _keep_pictures(folder: pathlib.Path) -> None:
    """Moves the first pictures of `pictures.PICTURES` beside the weights; the others go."""
    from trainers import pictures

    paths = dict.fromkeys(folder / "pictures" / f"{row.name}.png" for row in pictures.PICTURES)
    small = [path for path in paths if path.exists() and path.stat().st_size <= LARGEST_PICTURE]
    for path in small[:PICTURES]:
        path.rename(folder / path.name)
    shutil.rmtree(folder / "pictures")


def _listed(folder: pathlib.Path) -> dict[str, dict]:
    return {
        path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
    }


CARD = """\
# {name}

{description}

{facts}
- weights: float16, {weights}

## Figures

Of the weights as they are stored here:

{figures}

{pictures}

## How to use it

```python
from tfgen import zoo
model = zoo.pretrained("{name}")
```

```
python -m trainers.evaluate --pretrained={name}
python -m export.export_model --pretrained={name} --output=served/{name}/1
```
"""


def _card(name: str, folder: pathlib.Path, model) -> str:
    from export import model_card

    about = model_card.describe_run(folder, model)
    facts = ("model", "family", "paper", "arguments", "dataset", "protocol", "trained_steps", "batch_size")
    figures = {key: value for key, value in about["evaluation"].items() if key != "check" and key not in about}
    return CARD.format(
        name=name,
        description=(type(model).__doc__ or "").split("Args:")[0].strip().replace("\n    ", "\n"),
        facts="\n".join(f"- {key.replace('_', ' ')}: {about[key]}" for key in facts),
        weights=about["weights"],
        figures="\n".join(f"- {key.replace('_', ' ')}: {value}" for key, value in figures.items()),
        pictures="\n".join(f"![{path.stem}]({path.name})" for path in sorted(folder.glob("*.png"))),
    )


if __name__ == "__main__":
    trainer_flags.run(main)
