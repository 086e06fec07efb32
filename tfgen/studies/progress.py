"""How its samples became what they are: their distance at each kept checkpoint, and the CPU minutes to a bar.

The bars are multiples of the floor, the distance of as many training pictures from the same real ones.
"""

import numpy as np
import tensorflow as tf

from tfgen.ops import seeds
from tfgen.studies import figures

BARS = (30, 10, 5, 3)
SHOWN = 10
KEPT = ("frechet_distance", "frechet_distance_low", "frechet_distance_high", "precision", "recall", "smallest_share")


def study(model, data, settings):
    steps, minutes, measured, pictures = [], [], [], []
    for line, then in settings.history():
        steps.append(line["step"])
        minutes.append(line["cpu_seconds"] / 60)
        measured.append(settings.measure(then))
        samples = tf.function(then.sample, autograph=False)(seeds.seed_rows(SHOWN, settings.seed))
        pictures.append(figures.unit(samples, model.levels))
    floor = measured[0]["frechet_distance_floor"]
    columns = {name: [one.get(name) for one in measured] for name in KEPT}
    bars = {}
    for bar in BARS:
        reached = [at for at, one in zip(minutes, measured, strict=True) if one["frechet_distance"] <= bar * floor]
        bars[f"{bar} times the floor"] = round(reached[0], 2) if reached else None
    numbers = {
        "steps_of_checkpoints": steps,
        "cpu_minutes": [round(at, 2) for at in minutes],
        **columns,
        "frechet_distance_floor": floor,
        "cpu_minutes_to": bars,
        **{name: measured[0][name] for name in ("samples", "real_pictures", "features", "features_resize")},
        "protocol": "CPU time of training so far, validation and pictures included, at each checkpoint that it "
        "kept; a bar is reached at the first of them that is as near; null: never",
    }

    figure = figures.figure(11, 1.2 + max(3.0, 0.45 * len(steps)), f"On the way: {type(model).__name__} on {data.name}")
    left, middle, right = figure.subplots(1, 3, width_ratios=[3, 2, 4])
    left.fill_between(minutes, columns["frechet_distance_low"], columns["frechet_distance_high"], alpha=0.25, lw=0)
    left.plot(minutes, columns["frechet_distance"], "o-", label="samples (90 % by resampling)")
    left.axhline(floor, color=figures.COLORS[4], ls="--", label="as many training pictures")
    left.set(yscale="log", xlabel="CPU minutes", ylabel="Frechet distance", title=f"{measured[0]['features']}")
    left.legend()
    for name in ("precision", "recall"):
        middle.plot(minutes, columns[name], "o-", label=name)
    middle.set(ylim=(0, 1.02), xlabel="CPU minutes", title="shares of samples, of real pictures")
    middle.legend()
    for axes in (left, middle):
        axes.grid(alpha=0.3)
    figures.strips(right, np.stack(pictures), [f"step {step:,}" for step in steps])
    right.set_title("the same seeds at each checkpoint")
    return figure, numbers
