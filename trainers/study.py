"""What the lecture does with a trained model: makes one study, a picture and its numbers.

    python -m trainers.study --workdir=runs/vae_mnist                        # which studies this model can have
    python -m trainers.study --workdir=runs/vae_mnist --study=interpolation
    python -m trainers.study --pretrained=vae_mnist_small --study=interpolation

A study leaves <workdir>/studies/<study>.png and <study>.json (of a published model, in runs/pretrained/<name>), and
prints the latter. A run with --keep_best is studied at its best, which is what it exports. Some studies train variants
of the run, in <workdir>/studies/<study>/: stopped in any way, the same command goes on. The classifier of the study
"transfer" is exported there.
"""

import functools
import json
import pathlib

from absl import flags

from trainers import flags as trainer_flags

WORKDIR = flags.DEFINE_string("workdir", None, "of the training run")
PRETRAINED = flags.DEFINE_string("pretrained", None, "instead of a workdir, the name of a published model")
flags.mark_flags_as_mutual_exclusive(["workdir", "pretrained"], required=True)
STUDY = flags.DEFINE_string("study", None, "which; left out, the studies that this model can have are listed")
SPLIT = flags.DEFINE_enum("split", "test", ["train", "validation", "test"], "whose examples")
EXAMPLES = flags.DEFINE_integer("examples", None, "the first so many (default: the study's)", 1)
OTHER = flags.DEFINE_string("other", None, "a second data set, for studies of two")
DATA_DIR = flags.DEFINE_string("data_dir", None, "where TFDS keeps its data (default: that of the training run)")
SEED = flags.DEFINE_integer("seed", 0, "of binarisation and all draws")


def study() -> None:
    from tfgen import zoo
    from tfgen.data import names
    from tfgen.studies import table

    published, name = PRETRAINED.value, STUDY.value
    source = zoo.pretrained_folder(published) if published else pathlib.Path(WORKDIR.value)
    workdir = pathlib.Path("runs/pretrained") / published if published else source
    config = zoo.read_config(source)  # before TensorFlow, so that what is wrong is answered at once
    if name:
        table.find(name)
    if OTHER.value:
        names.check(OTHER.value)
    from tfgen.studies.needs import offered
    from tfgen.studies.settings import Settings
    from trainers import measures, runner, variants

    model = zoo.restore(source, best=bool(config.get("keep_best")))
    data = runner.load_data(config, DATA_DIR.value)
    there = offered(model, data) | ({"--other=DATASET"} if OTHER.value else set())
    there |= {"kept checkpoints (--keep)"} if len(variants.kept(source)) > 1 else set()
    if not name:
        print(f"studies of {source} ({config['model']} on {config['dataset']}), --study=NAME:\n{table.listing(there)}")
        return
    folder = workdir / "studies"
    settings = Settings(
        functools.partial(variants.train, pathlib.Path(source), folder / name, DATA_DIR.value),
        SPLIT.value,
        EXAMPLES.value,
        SEED.value,
        OTHER.value or "",
        DATA_DIR.value or config["data_dir"] or None,
        measures.in_sight,
        functools.partial(variants.build, config),
        lambda made: measures.of_samples(made, data, workdir / "classifier"),
        functools.partial(variants.history, source),
        functools.partial(variants.export, folder / name),
    )
    try:
        line = table.conduct(name, there, model, data, settings, folder)
    except SystemExit as stopped:
        trainer_flags.leave(stopped)
    print(json.dumps(line))
    print(f"made: {folder / name}.png")


if __name__ == "__main__":
    trainer_flags.run(study)
