"""Variants of a run side by side, each of several seeds, by the same figures; what failed has failed."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tfgen.ops import images, seeds
from tfgen.studies import figures

SEEDS, SHOWN = 3, 10
# What is compared, of whatever was measured: its label, and whether more of it is better.
FIGURES = {
    "modes_covered": ("modes covered", True),
    "samples_near_a_mode": ("share of samples near a mode", True),
    "frechet_distance": ("Frechet distance", False),
    "smallest_share": ("share of the rarest class", True),
}


def compare(title: str, model, data, settings, rivals: Mapping[str, Mapping]):
    """The figure and the numbers of a study that trains rivals.

    Args:
      rivals: fields or arguments that each has other than the run, by its name.
    """
    found, pictures = {}, {}
    with settings.in_sight("runs", SEEDS * len(rivals)) as advance:
        for name, changes in rivals.items():
            found[name] = []
            for seed in range(SEEDS):
                try:
                    trained = settings.train(seed=seed, **changes)
                except FloatingPointError as error:  # a NaN: the run is over
                    found[name].append({"failed": str(error)})
                else:
                    found[name].append(settings.measure(trained))
                    pictures.setdefault(name, _shown(trained, settings.seed))
                advance(1)
    there = [name for name in FIGURES if any(name in one for runs in found.values() for one in runs)]
    numbers = {
        "seeds": SEEDS,
        "protocol": "the run trained anew with what is said of each rival, as many steps, and measured alike; a run "
        "that ended in a NaN has failed, and has no other figure",
        "rivals": {name: {key: str(value) for key, value in changes.items()} for name, changes in rivals.items()},
        "failed": {name: sum("failed" in one for one in runs) for name, runs in found.items()},
        **{figure: {name: [one.get(figure) for one in runs] for name, runs in found.items()} for figure in there},
    }
    figure = figures.figure(4 + 3.2 * len(there), 1.2 + 0.55 * len(rivals), title)
    axes = figure.subplots(1, len(there) + 1, squeeze=False, width_ratios=[3, *[2] * len(there)])[0]
    names = list(rivals)
    _samples(axes[0], names, pictures, model.levels)
    for ax, key in zip(axes[1:], there, strict=True):
        label, more = FIGURES[key]
        for row, name in enumerate(names):
            values = [one[key] for one in found[name] if key in one]
            ax.plot(values, [row] * len(values), "o", color=figures.COLORS[0])
            if failed := SEEDS - len(values):
                ax.text(0.98, row, f"{failed} failed", transform=ax.get_yaxis_transform(), ha="right", va="center")
        ax.set(xlabel=f"{label} ({'more' if more else 'less'} is better)", ylim=(len(names) - 0.5, -0.5))
        ax.set_yticks(range(len(names)), [])
        ax.set_xlim(left=0)
        ax.grid(axis="x", alpha=0.3)
    return figure, numbers


def _shown(model, seed: int) -> np.ndarray:
    """A few samples; of points many."""
    count = SHOWN if model.levels else 400
    return tf.function(model.sample, autograph=False)(seeds.seed_rows(count, seed)).numpy()


def _samples(axes, names, pictures, levels) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set(ylim=(len(names) - 0.5, -0.5), title="samples of the first seed")
    axes.set_xticks([])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for row, name in enumerate(names):
        if name not in pictures:
            continue
        place = axes.inset_axes([0.0, row - 0.45, 1.0, 0.9], transform=axes.get_yaxis_transform())
        if levels:
            place.imshow(images.to_display(np.concatenate(pictures[name], axis=1), levels).squeeze(), cmap="gray")
            place.set_axis_off()
        else:
            point = pictures[name]
            place.plot(point[:, 0], point[:, 1] if point.shape[1] > 1 else 0 * point[:, 0], ".", ms=2)
            place.set_xticks([])
            place.set_yticks([])
            place.set_aspect("equal")
