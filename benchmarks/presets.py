"""Two steps, and an export, of every preset that is for an accelerator, on made-up pictures of its shape.

    python -m benchmarks.presets [--only=dcgan_celeb_a,...] [--batch_size=2]

Each has a process of its own. What is shown is whether it ends well, its parameters, seconds and memory; a preset that
does not end well fails the command. Sets of sound and folders that must be given are left out, and said to be.
"""

import dataclasses
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

from absl import app, flags

from trainers.presets import PRESETS

ONLY = flags.DEFINE_list("only", [], "these presets alone")
BATCH = flags.DEFINE_integer("batch_size", 2, "of the two steps", 1)
RUN = flags.DEFINE_string("run", None, "the preset that this process runs; not for people")
SHAPES = {  # of pictures before the transforms
    "cifar10": "32x32x3,classes=10",
    "mnist": "28x28x1,classes=10",
    "celeb_a": "218x178x3",
    "lsun/bedroom": "256x256x3",
    "imagenet_resized/32x32": "32x32x3,classes=1000,examples=1000",
    "imagenet_resized/64x64": "64x64x3,classes=1000,examples=1000",
    "captions:path/to/pictures": "64x64x3,captions=1",
    "pairs:data/maps": "256x256x3",
}


def stand_in(config) -> dict[str, str] | None:
    """The data set and transforms that stand in for those of a preset; None for what there is no stand-in for."""
    if config.dataset in SHAPES:
        derive = ",invert" if config.dataset.startswith("pairs:") else ""
        return {"dataset": f"fake:{SHAPES[config.dataset]}", "transforms": config.transforms + derive}
    if config.dataset.startswith("cycle_gan/"):
        return {"dataset": "zip:a=fake:256x256x3,b=fake:256x256x3", "transforms": config.transforms}
    return None


def run(name: str) -> None:
    """Trains two steps, exports, and prints parameters and the memory that it took."""
    from trainers import runner

    config = PRESETS[name]
    short = {"steps": 2, "epoch_steps": 2, "decay_from": 0, "warmup": 0, "batch_size": BATCH.value, "cache": False}
    with tempfile.TemporaryDirectory() as folder:
        path = runner.run(dataclasses.replace(config, workdir=f"{folder}/run", **short, **stand_in(config)))
        size = sum(file.stat().st_size for file in pathlib.Path(path).rglob("*") if file.is_file())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"done: export of {size / 2**20:.0f} MiB, {memory:.1f} GiB of memory")


def main(_) -> None:
    if RUN.value:
        run(RUN.value)
        return
    chosen = {name: one for name, one in PRESETS.items() if re.search("For an? ?accelerators?", one.source)}
    failed = 0
    for name, config in chosen.items():
        if ONLY.value and name not in ONLY.value:
            continue
        if stand_in(config) is None:
            print(f"{name}: left out, its data are {config.dataset}")
            continue
        began = time.time()
        command = [sys.executable, "-m", "benchmarks.presets", f"--run={name}", f"--batch_size={BATCH.value}"]
        done = subprocess.run(command, capture_output=True, text=True)
        said = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
        failed += done.returncode != 0
        print(f"{name}: {said[-1] if said else done.returncode}, {time.time() - began:.0f} s", flush=True)
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    app.run(main)
