"""A comparison of models of all kinds: who trains how long, what is measured, and the page that says it."""

import dataclasses
import html
import json
import os
import pathlib
import re
import time

import numpy as np
import tensorflow as tf

from tfgen import zoo
from tfgen.ops import seeds
from trainers import contestants, measures, runner
from trainers.config import TrainConfig

REHEARSED, EPOCHS = 6, 4  # steps that are timed after the first two; validations of a run
AT_ONCE = 64  # samples of one answer, timed


@dataclasses.dataclass(frozen=True)
class Plan:
    """On what, how long and how often: see the flags of `trainers.compare`."""

    dataset: str
    transforms: str
    data_dir: str
    minutes: float
    seeds: int
    samples: int
    features: str
    workdir: str


def default_workdir(dataset: str) -> str:
    """runs/comparison-<dataset>, of a path its last part."""
    return f"runs/comparison-{re.sub(r'[^A-Za-z0-9_]+', '_', dataset.rstrip('/').split('/')[-1])}"


def run(plan: Plan, names: list[str]) -> pathlib.Path:
    """Trains and measures each of `names`, and writes the page anew after each. Returns its path.

    Raises:
      ValueError: where the data are no pictures, or the folder holds another comparison.
    """
    root = pathlib.Path(plan.workdir)
    data = runner.load_data(_configuration(names[0], plan, side=0, seed=0, steps=1))
    if "image" not in data.element_spec:
        raise ValueError(f"dataset={plan.dataset!r}: pictures are compared, and it has {', '.join(data.element_spec)}")
    about, side = _begun(root, plan), min(data.arguments["image_shape"][:2])
    rows, done, total, began = [], 0, len(names) * plan.seeds, time.time()
    for name in names:
        runs = []
        for seed in range(plan.seeds):
            left = (time.time() - began) / 60 * (total - done) / done if done else (plan.minutes + 1) * total
            print(f"\n{name}, seed {seed}: {done + 1} of {total}, about {left:.0f} minutes left", flush=True)
            runs.append(_contest(name, plan, side, seed, data, root, about))
            done += 1
        rows.append((name, runs))
        page = _write(root, plan, data, rows)
    return page


def _begun(root: pathlib.Path, plan: Plan) -> dict:
    """comparison.json of a folder: what is compared, and the steps that were found for each run."""
    path = root / "comparison.json"
    mine = dataclasses.asdict(plan) | {"workdir": ""}
    if path.exists():
        about = json.loads(path.read_text())
        for name, value in mine.items():
            if about["plan"][name] != value and name != "seeds":
                raise ValueError(
                    f"{name}={value!r}: {root} holds a comparison with {name}={about['plan'][name]!r}; give another "
                    "--workdir"
                )
        return about
    root.mkdir(parents=True, exist_ok=True)
    about = {"plan": mine, "steps": {}}
    path.write_text(json.dumps(about, indent=2) + "\n")
    return about


def _configuration(name: str, plan: Plan, side: int, seed: int, steps: int, workdir: str = "") -> dict:
    config = contestants.configuration(
        name,
        side,
        dataset=plan.dataset,
        transforms=plan.transforms,
        data_dir=plan.data_dir,
        seed=seed,
        steps=steps,
        epoch_steps=max(1, -(-steps // EPOCHS)),
        workdir=workdir,
    )
    return dataclasses.asdict(config)


def _contest(name, plan, side, seed, data, root, about) -> dict:
    """What was measured of one run, trained if it is not yet; {"failed": why} where it cannot be."""
    folder = root / (key := f"{name}-{seed}")
    if (path := folder / "contest.json").exists():
        return json.loads(path.read_text())
    try:
        if key not in about["steps"]:
            about["steps"][key] = rehearse(
                TrainConfig(**_configuration(name, plan, side, seed, 100)), data, plan.minutes
            )
            (root / "comparison.json").write_text(json.dumps(about, indent=2) + "\n")
        config = TrainConfig(**_configuration(name, plan, side, seed, about["steps"][key], str(folder)))
        runner.run(config, export=False)
        model = zoo.restore(str(folder))
        protocol = measures.Protocol(samples=plan.samples, features=plan.features, folder=str(root / "classifier"))
        written = json.loads((folder / "config.json").read_text())
        line = measures.report(written, model, data, protocol, folder)
        last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
        line |= {"cpu_minutes": round(last["cpu_seconds"] / 60, 2), "samples_per_second": speed(model, data)}
        line |= {"does": list(zoo.verbs(model))}
    except (FloatingPointError, ValueError, tf.errors.OpError, MemoryError) as error:
        line = {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(line["failed"], flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(line, indent=2) + "\n")
    return line


def rehearse(config: TrainConfig, data, minutes: float) -> int:
    """How many training steps of a run take so many CPU minutes, by a few of them; validation is not counted."""
    model = runner.build(config, data, tf.distribute.get_strategy())
    batches = iter(data.training_batches(config.batch_size * model.examples_per_row, config.seed))
    step = tf.function(lambda batch: model.distribute_strategy.run(model.train_step, args=(batch,)), autograph=False)
    for _ in range(2):
        step(next(batches))
    began = time.process_time()
    for _ in range(REHEARSED):
        step(next(batches))
    return max(1, int(minutes * 60 * REHEARSED / (time.process_time() - began)))


def speed(model, data) -> float:
    """Samples a second, wall time, in a graph, without the first answer; of labels as they come where it wants one."""
    sample = tf.function(model.sample, autograph=False)
    batch = next(iter(data.batches("test", AT_ONCE, 0)))
    rows = seeds.seed_rows(len(batch["image"]))
    condition = model.condition(batch)
    sample(rows, **condition)
    began = time.perf_counter()
    sample(rows, **condition).numpy()
    return round(len(rows) / (time.perf_counter() - began), 2)


COLUMNS = {
    "model": "kind and model",
    "density": "what it says of the density",
    "nats": "-ln p(x), nats (lower is better)",
    "distance": "Frechet distance of samples (lower is better)",
    "quality": "precision, recall",
    "memorised": "memorisation ratio",
    "speed": "samples a second",
    "does": "what it can be asked",
    "trained": "trained",
    "failed": "seeds that failed",
}


def _mean(found: list[dict], name: str, form: str = "{:.2f}") -> str:
    values = [one[name] for one in found if name in one]
    if not values:
        return "-"
    spread = f" (s.d. {np.std(values, ddof=1):.2g})" if len(values) > 1 else ""
    return form.format(np.mean(values)) + spread


def cells(name: str, runs: list[dict]) -> dict[str, str]:
    """A row of the page: what is in each of `COLUMNS`."""
    model = contestants.CONTESTANTS[name][0]["model"]
    found = [one for one in runs if "failed" not in one]
    row = {"model": f"{name}: {model}", "density": ", ".join(zoo.DENSITY[zoo.find(model).family])}
    row["failed"] = f"{len(runs) - len(found)} of {len(runs)}"
    if not found:
        return dict.fromkeys(COLUMNS, "-") | row | {"trained": runs[0]["failed"]}
    first = found[0]
    row["nats"] = (
        _mean(found, "nats") + f" exact (s.e. {first['nats_standard_error']:.2f})"
        if "nats" in first
        else f"{_mean(found, 'importance_bound_nats')} bound, k = {first['importance_samples']} "
        f"(s.e. {first['importance_bound_nats_standard_error']:.2f})"
        if "importance_bound_nats" in first
        else "none"
    )
    row["distance"] = _mean(found, "frechet_distance")
    if "frechet_distance" in first:
        low, high, floor = (first[f"frechet_distance_{end}"] for end in ("low", "high", "floor"))
        row["distance"] += f" ({low:.2f} to {high:.2f}; of training pictures {floor:.2f})"
    row["quality"] = f"{_mean(found, 'precision')}, {_mean(found, 'recall')}" if "precision" in first else "-"
    row["memorised"] = _mean(found, "memorisation_ratio") + " memorised" * bool(first.get("memorised"))
    row["speed"] = _mean(found, "samples_per_second", "{:.0f}")
    row["does"] = ", ".join(first["does"])
    row["trained"] = f"{first['steps']:,} steps, {_mean(found, 'cpu_minutes', '{:.1f}')} CPU minutes"
    return {column: row[column] for column in COLUMNS}


def _write(root: pathlib.Path, plan: Plan, data, rows) -> pathlib.Path:
    """comparison.md and comparison.html."""
    table = [cells(name, runs) for name, runs in rows]
    first = next((one for _, runs in rows for one in runs if "failed" not in one), {})
    features = first.get("features", "no network, since the data have no labels: give --features")
    protocol = (
        f"{data.name}: {data.protocol}. Each model was trained for about {plan.minutes:g} CPU minutes and measured on "
        f"{first.get('split', 'test')} examples; samples ({plan.samples}) are compared in the features of {features}. "
        f"{plan.seeds} seed(s); in brackets the error or interval of the first."
    )
    pictures = [
        (name, f"{name}-{seed}/pictures/evaluation.png")
        for name, runs in rows
        for seed, one in enumerate(runs)
        if "failed" not in one
    ]
    lines = [f"# Generative models on {data.name}", "", protocol, "", "| " + " | ".join(COLUMNS.values()) + " |"]
    lines += ["|" + " --- |" * len(COLUMNS)]
    lines += ["| " + " | ".join(value.replace("|", "\\|") for value in row.values()) + " |" for row in table]
    lines += ["", *(f"![samples of {name}]({path})" for name, path in pictures)]
    (root / "comparison.md").write_text("\n".join(lines) + "\n")
    head = "".join(f"<th>{html.escape(title)}</th>" for title in COLUMNS.values())
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(value)}</td>" for value in row.values()) + "</tr>" for row in table
    )
    shown = "".join(
        f'<figure><img src="{html.escape(path)}" alt=""><figcaption>{html.escape(name)}</figcaption></figure>'
        for name, path in pictures
    )
    page = PAGE.format(
        title=html.escape(f"Generative models on {data.name}"),
        protocol=html.escape(protocol),
        head=head,
        body=body,
        pictures=shown,
    )
    partial = root / "comparison.partial"
    partial.write_text(page)
    os.replace(partial, root / "comparison.html")
    return root / "comparison.html"


PAGE = """<!doctype html>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #222 }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: 13px }}
th, td {{ border-bottom: 1px solid #ccc; padding: .45rem .6rem; text-align: left; vertical-align: top }}
th {{ background: #f2f2f2 }}
figure {{ display: inline-block; margin: 1rem 1rem 0 0 }}
img {{ image-rendering: pixelated; width: 20rem }}
</style>
<h1>{title}</h1>
<p>{protocol}</p>
<div class="wide"><table><tr>{head}</tr>{body}</table></div>
{pictures}
"""
