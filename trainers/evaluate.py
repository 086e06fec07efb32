"""Measures a trained model on data it did not learn from, and prints one JSON line with its protocol.

    python -m trainers.evaluate --workdir=runs/vae_mnist
    python -m trainers.evaluate --pretrained=vae_mnist_small
    python -m trainers.evaluate --export=runs/vae_mnist/export/1
    python -m trainers.evaluate --folder=somebodys/pictures --dataset=mnist

First come pictures, in <workdir>/pictures; then every measure that fits the model: exact nats and bits per dimension
where it has `log_prob`; ELBO and importance bound where it has `elbo`; mean logits where it has `discriminate`; of
samples the share of each class and the distances from real pictures, in the features of a classifier trained on the
same data and kept in <workdir>/classifier, where there are labels, or of another network (--features). The defaults end
within minutes on two cores for small models; --full is the long protocol. A run with --keep_best is measured at its
best, which is what it exports. The line is also written to <workdir>/evaluation.json (exports show it in their card);
of a published model, to runs/pretrained/<name>; of an export or of a folder of pictures, into runs/exports/<name> and
runs/folders/<name>. They are measured by what they can do: an export has its signatures, a folder its pictures.
"""

import dataclasses
import json
import pathlib

from absl import flags

from trainers import flags as trainer_flags

WORKDIR = flags.DEFINE_string("workdir", None, "of the training run")
PRETRAINED = flags.DEFINE_string("pretrained", None, "instead of a workdir, the name of a published model")
EXPORT = flags.DEFINE_string("export", None, "the version folder of an export")
FOLDER = flags.DEFINE_string("folder", None, "of pictures, to be compared with a data set")
DATASET = flags.DEFINE_string("dataset", None, "of --folder; of --export instead of that of its run")
FIRST_PIXEL = flags.DEFINE_string("first_pixel", None, "of what an autoregressive model samples: model, or uniform")
TRANSFORMS = flags.DEFINE_string("transforms", "", "of --dataset")
flags.mark_flags_as_mutual_exclusive(["workdir", "pretrained", "export", "folder"], required=True)
trainer_flags.declare_protocol()


def trained():
    """(config.json, model, data, where its evaluation goes) of a work directory or a published model."""
    from tfgen import zoo

    name = PRETRAINED.value
    source = zoo.pretrained_folder(name) if name else pathlib.Path(WORKDIR.value)
    config = zoo.read_config(source)  # before TensorFlow, so that a wrong folder answers at once
    from trainers import runner

    model = zoo.restore(source, best=bool(config.get("keep_best")))
    if FIRST_PIXEL.value:
        if not hasattr(model, "drawing"):
            raise ValueError(f"first_pixel={FIRST_PIXEL.value!r}: {type(model).__name__} draws without it")
        model.drawing = dataclasses.replace(model.drawing, first_pixel=FIRST_PIXEL.value)
    data = runner.load_data(config, flags.FLAGS.data_dir)
    return config, model, data, pathlib.Path("runs/pretrained") / name if name else source


def stood_in():
    """The same of an export or of a folder of pictures."""
    from tfgen.data import load, names

    export, folder = EXPORT.value and pathlib.Path(EXPORT.value), FOLDER.value and pathlib.Path(FOLDER.value)
    if folder and not DATASET.value:
        raise ValueError(f"folder={str(folder)!r}: give the --dataset that its pictures are compared with")
    if folder and not folder.is_dir():
        raise FileNotFoundError(f"folder={str(folder)!r}: no such folder")
    if DATASET.value:
        names.check(DATASET.value)
    from trainers import stand_ins

    model = stand_ins.Exported(export) if export else None
    dataset = DATASET.value or model.card["dataset"]
    transforms = TRANSFORMS.value if DATASET.value else model.card["transforms"]
    data = load(dataset, flags.FLAGS.data_dir, transforms, cache=True)
    about = {"model": model.card["model"] if export else f"pictures of {folder.name}", "dataset": dataset}
    model = model or stand_ins.Pictures(folder, data)
    workdir = pathlib.Path("runs", *(("exports", model.card["name"]) if export else ("folders", folder.name)))
    return about | {"data": data.record}, model, data, workdir


def evaluate() -> None:
    config, model, data, workdir = stood_in() if EXPORT.value or FOLDER.value else trained()
    from trainers import measures

    protocol = trainer_flags.protocol()
    if FOLDER.value:
        protocol = dataclasses.replace(protocol, samples=min(protocol.samples, len(model)))
    workdir.mkdir(parents=True, exist_ok=True)
    line = json.dumps(measures.report(config, model, data, protocol, workdir))
    partial = workdir / "evaluation.partial"
    partial.write_text(line + "\n")
    partial.replace(workdir / "evaluation.json")
    print(line)


if __name__ == "__main__":
    trainer_flags.run(evaluate)
