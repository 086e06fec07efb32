"""The classical baselines of unsupervised learning, k-means and principal components, on pixels and on codes.

A cluster is named by the one-to-one assignment of clusters to classes that is right most often.
"""

import numpy as np
import tensorflow as tf
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA

from tfgen.studies import codes, figures

EXAMPLES, SEEDS = 3000, 5


def accuracy(clusters: np.ndarray, label: np.ndarray, count: int) -> float:
    """The share of examples whose cluster has their label, by the best assignment of `count` of each."""
    table = np.zeros([count, count], int)
    np.add.at(table, (clusters, label), 1)
    return float(table[linear_sum_assignment(-table)].sum() / len(label))


def study(model, data, settings):
    batch = codes.examples(data, settings, settings.limit(EXAMPLES))
    label, count = batch["label"].numpy(), len(data.class_names)
    pixels = figures.unit(batch["image"], model.levels).reshape([len(label), -1])
    code = codes.code(model, batch, settings.seed)
    layers = [part.numpy().reshape([len(label), -1]) for part in tf.nest.flatten(code)]
    vectors = {"pixels": pixels, "codes": np.concatenate(layers, axis=1)}
    found, explained, shown = {}, {}, None
    for name, points in vectors.items():
        fits = [KMeans(count, n_init=4, random_state=settings.seed + i).fit(points) for i in range(SEEDS)]
        found[name] = [accuracy(fit.labels_, label, count) for fit in fits]
        variance = PCA(min(*points.shape, 50)).fit(points).explained_variance_ratio_
        explained[name] = np.cumsum(variance)
        shown = fits[int(np.argmax(found[name]))].labels_
    numbers = {
        "examples": len(label),
        "clusters": count,
        "cluster_accuracy": {name: [round(one, 4) for one in values] for name, values in found.items()},
        "explained_variance": {name: [round(float(x), 4) for x in values] for name, values in explained.items()},
        "protocol": f"k-means of {SEEDS} seeds, the best of four starts each, fitted to the examples that are counted; "
        "variance explained by the first principal components, added up; codes are means of q(z | x), or draws",
    }
    title = f"Clusters and components: {type(model).__name__} on {data.name}"
    figure = figures.figure(10.5, 4.2, title)
    left, middle, right = figure.subplots(1, 3, width_ratios=[2, 3, 4])
    for i, (name, values) in enumerate(found.items()):
        left.plot([i] * SEEDS, values, "o", color=figures.COLORS[i], alpha=0.7)
        middle.plot(np.arange(1, len(explained[name]) + 1), explained[name], label=name, color=figures.COLORS[i])
    left.axhline(1.0 / count, color=figures.COLORS[4], ls="--")
    left.set(ylim=(0, 1), ylabel="cluster accuracy (by chance at least 1 / clusters)", title=f"{SEEDS} seeds")
    left.set_xticks(range(len(found)), list(found))
    left.set_xlim(-0.5, len(found) - 0.5)
    middle.set(xlabel="principal components", ylabel="share of the variance", ylim=(0, 1.02))
    middle.legend()
    for axes in (left, middle):
        axes.grid(alpha=0.3)
    # A row for each cluster of codes: some of its examples.
    image = figures.unit(batch["image"], model.levels)
    rows = [np.resize(np.flatnonzero(shown == cluster), 10) for cluster in range(count) if (shown == cluster).any()]
    figures.strips(right, np.stack([image[row] for row in rows]))
    right.set_title("clusters of codes, a row for each")
    return figure, numbers
