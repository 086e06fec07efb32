"""The lecture's last slide with numbers: one model of each kind, trained on the same data for as long, on one page.

    python -m trainers.compare --dataset=mnist --transforms=binarize --minutes=20
    python -m trainers.compare --dataset=folder:/path/to/pictures --transforms=resize:32 --minutes=10

Each is trained for about so many CPU minutes, by as many steps as a rehearsal says; then it is measured like any run
(`trainers.evaluate`). <workdir>/comparison.html and comparison.md have a row for each: likelihood or bound, distance of
samples from real pictures, with floor and interval, sampling speed, what can be asked of it, memorisation, and how
many seeds failed. Stopped in any way, the same command goes on; a model that fails does not lose the others, and is
tried again when its folder is removed.
"""

from absl import flags

from trainers import flags as trainer_flags

DATASET = flags.DEFINE_string("dataset", "digits", "of pictures, by name, as for the trainers")
TRANSFORMS = flags.DEFINE_string("transforms", "", "as for the trainers; binarize for likelihoods that papers print")
MINUTES = flags.DEFINE_float("minutes", 1.0, "CPU minutes of training for each model and seed", 0.001)
SEEDS = flags.DEFINE_integer("seeds", 1, "runs of each model", 1)
MODELS = flags.DEFINE_list("models", [], "only these (default: all)")
WORKDIR = flags.DEFINE_string("workdir", "", "where runs and page are kept (default: runs/comparison-<dataset>)")
DATA_DIR = flags.DEFINE_string("data_dir", "", "where TFDS keeps its data")
FEATURES = flags.DEFINE_string(
    "features", "", "the network whose features compare samples, as for evaluate (default: a classifier of the labels)"
)
SAMPLES = flags.DEFINE_integer("samples", 1000, "of each model, where samples are judged", 10)


def compare() -> None:
    from tfgen.data import names
    from trainers import contestants

    names.check(DATASET.value)
    chosen = MODELS.value or list(contestants.CONTESTANTS)
    contestants.check(chosen)
    from trainers import comparison

    try:
        page = comparison.run(
            comparison.Plan(
                dataset=DATASET.value,
                transforms=TRANSFORMS.value,
                data_dir=DATA_DIR.value,
                minutes=MINUTES.value,
                seeds=SEEDS.value,
                samples=SAMPLES.value,
                features=FEATURES.value,
                workdir=WORKDIR.value or comparison.default_workdir(DATASET.value),
            ),
            chosen,
        )
    except SystemExit as stopped:
        trainer_flags.leave(stopped)
    print(f"made: {page}")


if __name__ == "__main__":
    trainer_flags.run(compare)
