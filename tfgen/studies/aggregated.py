"""The codes of all examples beside draws of the prior: the aggregated posterior and what it is held to.

Makhzani et al. 2016, "Adversarial Autoencoders", https://arxiv.org/abs/1511.05644, figures 2 and 4.
"""

import numpy as np
from sklearn.decomposition import PCA

from tfgen.metrics.latents import mean_discrepancy
from tfgen.ops import seeds
from tfgen.studies import codes, figures

EXAMPLES = 2000


def study(model, data, settings):
    batch = codes.examples(data, settings, settings.limit(EXAMPLES))
    label = batch["label"].numpy()
    condition = model.condition(batch)
    rows = [seeds.seed_rows(len(label), settings.seed + i) for i in range(3)]
    posterior, prior = model.encode(batch["image"], **condition), model.prior(**condition)
    style = slice(getattr(model, "classes", 0), None)  # beside a class, which is no place
    made, *drawn = (
        one.draw(seed).value.numpy()[:, style] for one, seed in zip((posterior, prior, prior), rows, strict=True)
    )
    plane = PCA(2).fit(np.concatenate([made, drawn[0]])).transform if made.shape[1] > 2 else lambda points: points
    numbers = {
        "examples": len(label),
        "mean_discrepancy": round(mean_discrepancy(made, drawn[0]), 6),
        "mean_discrepancy_of_draws": round(mean_discrepancy(drawn[1], drawn[0]), 6),
        "protocol": "the squared maximum mean discrepancy of a draw of q(z | x) of each example and as many draws of "
        "the prior, by a normal kernel as wide as the median distance of these; beside it that of two sets of draws",
    }
    figure = figures.figure(9.5, 5.6, f"Codes and their prior: {type(model).__name__} on {data.name}")
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    for i, name in enumerate(data.class_names):
        points = plane(made[label == i]) if (label == i).any() else np.empty([0, 2])
        left.plot(points[:, 0], points[:, 1], ".", ms=3, color=figures.COLORS[i % len(figures.COLORS)], label=name)
    if len(data.class_names) <= len(figures.COLORS):
        left.legend(markerscale=3, fontsize=7, loc="upper right", ncols=2)
    points = plane(drawn[0])
    right.plot(points[:, 0], points[:, 1], ".", ms=3, color=figures.COLORS[4])
    of = "" if made.shape[1] == 2 else f" (first two principal components of {made.shape[1]})"
    left.set(title=f"{len(label)} {settings.split} examples{of}", xlabel="z", ylabel="z")
    right.set(title=f"as many draws of the prior; discrepancy {numbers['mean_discrepancy']:.4f}", xlabel="z")
    for axes in (left, right):
        axes.set_aspect("equal", adjustable="box")
        axes.grid(alpha=0.3)
    return figure, numbers
