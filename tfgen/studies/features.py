"""What a discriminator has learned: a linear support vector machine on its features, by the number of labels.

Alec Radford, Luke Metz, Soumith Chintala, 2016, https://arxiv.org/abs/1511.06434, section 5.1 (which takes the features
of all layers, pooled to 4x4; these are of the last).
"""

import numpy as np
import tensorflow as tf
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from tfgen.studies import figures

LABELS, TRAIN, TEST, SEEDS = (100, 500, 1000), 10_000, 2000, 3
REGULARISATION = (1e-3, 1e-2)  # C, chosen on held out labels


def study(model, data, settings):
    """Against raw pixels, and against the features of the same network before any training."""
    splits = (("train", TRAIN), (settings.split, TEST))
    train, test = (_examples(data, split, settings, count) for split, count in splits)
    before = settings.build(settings.seed)
    ways = {
        "discriminator": lambda image: _features(model, image),
        "random weights": lambda image: _features(before, image),
        "raw pixels": lambda image: model.symmetric(image),
    }
    seen = {name: [_of(way, part["image"]) for part in (train, test)] for name, way in ways.items()}
    counts = [count for count in LABELS if count < len(train["image"])]
    accuracy = {name: [] for name in ways}
    with settings.in_sight("machines", len(ways) * len(counts) * SEEDS) as advance:
        for name, (given, asked) in seen.items():
            for count in counts:
                scores = []
                for seed in range(SEEDS):
                    rows = np.random.default_rng(seed).permutation(len(given))[:count]
                    scores.append(_score(given[rows], train["label"][rows], asked, test["label"]))
                    advance(1)
                accuracy[name].append([round(float(np.mean(scores)), 4), round(float(np.std(scores, ddof=1)), 4)])
    numbers = {
        "labels": counts,
        "examples": len(test["image"]),
        "seeds": SEEDS,
        "protocol": "labels drawn at random from the training split; standardised; C of the machine chosen on a fifth "
        "of them; accuracy on the test split: [mean, standard deviation] over the draws",
        "accuracy": accuracy,
    }
    figure = figures.figure(6, 3.6, f"What a discriminator has learned: {type(model).__name__} on {data.name}")
    axes = figure.subplots()
    for name, values in accuracy.items():
        mean, spread = np.array(values).T
        axes.errorbar(counts, mean, spread, fmt="o-", capsize=3, label=name)
    axes.set(xlabel="labels", ylabel="accuracy on the test split", xscale="log")
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.legend()
    return figure, numbers


def _examples(data, split, settings, count) -> dict[str, np.ndarray]:
    batches = list(data.batches(split, 500, settings.seed, settings.limit(count)))
    return {name: np.concatenate([batch[name] for batch in batches]) for name in ("image", "label")}


def _features(model, image):
    return model.judge(model.symmetric(image), training=False)["features"]


def _of(way, image: np.ndarray, at_once: int = 500) -> np.ndarray:
    looked = tf.function(lambda part: tf.reshape(way(part), [tf.shape(part)[0], -1]), autograph=False)
    return np.concatenate([looked(tf.constant(image[i : i + at_once])) for i in range(0, len(image), at_once)])


def _score(given, labels, asked, answers) -> float:
    held = len(given) // 5

    def machine(c, rows):
        return make_pipeline(StandardScaler(), LinearSVC(C=c, dual=True, max_iter=300)).fit(given[rows], labels[rows])

    best = max(REGULARISATION, key=lambda c: machine(c, slice(held, None)).score(given[:held], labels[:held]))
    return machine(best, slice(None)).score(asked, answers)
