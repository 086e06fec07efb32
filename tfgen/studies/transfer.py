"""The decoder is thrown away: a classifier from the encoder, frozen and fine-tuned, by the number of labels.

Against the same network from random weights, pixels, principal components, and what a network learns from all labels;
and by the number of images without a label that the encoder learned from. Kingma et al. 2014, "Semi-Supervised Learning
with Deep Generative Models", https://arxiv.org/abs/1406.5298, section 3 (M1), is the frozen one with other classifiers.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from tfgen.ops import images
from tfgen.studies import figures
from tfgen.studies.classifier import Classifier

SEEDS = 5
LABELS = (10, 50, 100, 500)  # and all
BATCH, RATE, EPOCHS, FEWEST_STEPS, MOST_STEPS = 50, 1e-3, 20, 300, 2000
MOST_REGRESSED = 5000  # labels of a regression, which takes minutes beyond
UNLABELLED, UNLABELLED_STEPS, AT = (0.1, 0.3, 1.0), 1000, 100

TUNED, RANDOM = "encoder, fine-tuned", "same network, random weights"
FROZEN, SUPERVISED = "encoder, frozen", "features of all labels, frozen"
PIXELS, COMPONENTS = "raw pixels", "principal components"


class Task(NamedTuple):
    """Images uint8 [N, H, W, C] and their labels int32 [N], to learn from and to be tested on."""

    image: np.ndarray
    label: np.ndarray
    test_image: np.ndarray
    test_label: np.ndarray

    def some(self, count: int, seed: int) -> np.ndarray:
        """Which examples have a label: drawn at random, fewer being among more."""
        return np.random.default_rng(seed).permutation(len(self.label))[:count]


class Learner:
    """A classifier that is trained over and over: its step is traced once.

    Args:
      model: its encoder becomes the classifier's.
    """

    def __init__(self, model, classes: int):
        self.encoder = model.variables
        self.classifier = Classifier(model, classes)
        self.classifier.make_variables()
        optimizer = keras.optimizers.Adam(RATE)
        self.classifier.compile({"model": optimizer}, steps_per_execution=FEWEST_STEPS)
        self._rest = [*self.classifier.head.variables, *optimizer.variables, self.classifier.step]
        self._start = [variable.numpy() for variable in self._rest]
        self._predict = tf.function(lambda image: (self.classifier.code(image, False), self.classifier.logits(image)))

    def begin(self, weights) -> None:
        """The encoder with the weights of a model, and all else as it was made."""
        for variable, value in zip([*self.encoder, *self._rest], [*weights, *self._start], strict=True):
            variable.assign(value)

    def fit(self, weights, task: Task, count: int, seed: int) -> float:
        """Begins with weights, learns from `count` labels; returns the accuracy on the test images."""
        self.begin(weights)
        steps = int(np.clip(EPOCHS * count // BATCH, FEWEST_STEPS, MOST_STEPS))
        rows = np.random.default_rng([seed, count]).choice(task.some(count, seed), [steps, BATCH])
        image, label = tf.constant(task.image), tf.constant(task.label)
        batches = tf.data.Dataset.from_tensor_slices(rows).map(
            lambda index: {"image": tf.gather(image, index), "label": tf.gather(label, index)}
        )
        self.classifier.fit(batches, steps_per_epoch=steps, verbose=0)
        return float(np.mean(self.of(task.test_image)[1].argmax(axis=1) == task.test_label))

    def of(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Codes [N, D] and logits [N, classes] of images."""
        parts = [self._predict(tf.constant(image[i : i + 500])) for i in range(0, len(image), 500)]
        return tuple(np.concatenate(values) for values in zip(*parts, strict=True))


def regress(features: tuple[np.ndarray, np.ndarray], task: Task, count: int, seed: int) -> float:
    """The accuracy of a logistic regression on features of the images that learn and of those that test, [N, D]."""
    mean = features[0].mean(axis=0)
    scale = np.sqrt(np.mean((features[0] - mean) ** 2)) + 1e-9
    train, test = ((part - mean) / scale for part in features)
    rows = task.some(count, seed)
    if len(set(task.label[rows])) == 1:
        return float(np.mean(task.test_label == task.label[rows[0]]))
    return LogisticRegression(max_iter=1000).fit(train[rows], task.label[rows]).score(test, task.test_label)


def study(model, data, settings):
    """Beside the figure it leaves an export of the classifier that was fine-tuned with all labels."""
    task = _task(data, settings)
    learner = Learner(settings.build(0), len(data.class_names))
    pretrained = [variable.numpy() for variable in model.variables]
    random = [[variable.numpy() for variable in settings.build(seed).variables] for seed in range(SEEDS)]
    everything = len(task.label)
    counts = [*(count for count in LABELS if count < everything), everything]
    regressed = list(dict.fromkeys(min(count, MOST_REGRESSED) for count in counts))

    learner.begin(pretrained)
    code = _features(learner, task)
    pixels = tuple(images.to_unit(part, model.levels).numpy().reshape(len(part), -1) for part in (task[0], task[2]))
    pca = PCA(min(code[0].shape[1], *pixels[0].shape), random_state=0).fit(pixels[0][:10_000])
    features = {FROZEN: [code] * SEEDS, PIXELS: [pixels] * SEEDS}
    features |= {COMPONENTS: [tuple(map(pca.transform, pixels))] * SEEDS, SUPERVISED: []}
    found = {name: {} for name in (TUNED, FROZEN, RANDOM, PIXELS, COMPONENTS, SUPERVISED)}
    with settings.in_sight("classifiers", 2 * SEEDS * len(counts) + len(features) * SEEDS * len(regressed)) as advance:
        for count in counts:
            found[RANDOM][count], found[TUNED][count] = [], []
            for seed in range(SEEDS):
                found[RANDOM][count].append(learner.fit(random[seed], task, count, seed))
                if count == everything:
                    features[SUPERVISED].append(_features(learner, task))
                found[TUNED][count].append(learner.fit(pretrained, task, count, seed))
                advance(2)
        about = {"test_accuracy": round(found[TUNED][everything][-1], 4), "classes": list(data.class_names)}
        exported = settings.export(learner.classifier, {"dataset": data.name, "protocol": data.protocol, **about})
        for name, of_seed in features.items():
            for count in regressed:
                found[name][count] = [regress(of_seed[seed], task, count, seed) for seed in range(SEEDS)]
                advance(SEEDS)
    by_images = _by_unlabelled(learner, task, settings)
    numbers = {
        "labels": counts,
        "test_examples": len(task.test_label),
        "code_size": code[0].shape[1],
        "accuracy": {name: {str(count): _spread(values) for count, values in of.items()} for name, of in found.items()},
        "accuracy_by_unlabelled_images": {
            name: {str(count): _spread(values) for count, values in of.items()} for name, of in by_images.items()
        },
        **({"export": str(exported)} if exported else {}),
        "protocol": f"mean and standard deviation over {SEEDS} seeds, each with its labels, drawn at random, and its "
        f"random weights. Networks: Adam at {RATE}, {BATCH} images a step, {EPOCHS} epochs within {FEWEST_STEPS} to "
        f"{MOST_STEPS} steps. Regressions: logistic, L2 penalty 1, features centred and of mean square 1 over all "
        f"training images, at most {MOST_REGRESSED} labels. By unlabelled images: {UNLABELLED_STEPS} steps of the "
        f"generative model, {AT} labels",
    }
    return _figure(model, data, found, by_images, numbers), numbers


def _task(data, settings) -> Task:
    parts = []
    for split, limit in (("train", None), (settings.split, settings.examples)):
        batches = list(data.batches(split, 500, settings.seed, limit))
        parts += [np.concatenate([batch[name].numpy() for batch in batches]) for name in ("image", "label")]
    return Task(*parts)


def _features(learner: Learner, task: Task) -> tuple[np.ndarray, np.ndarray]:
    return learner.of(task.image)[0], learner.of(task.test_image)[0]


def _by_unlabelled(learner: Learner, task: Task, settings) -> dict[str, dict[int, list[float]]]:
    found = {TUNED: {}, FROZEN: {}}
    for share in UNLABELLED:
        count = max(AT, round(share * len(task.label)))
        model = settings.train(train_examples=count, steps=UNLABELLED_STEPS, decay_from=0)
        weights = [variable.numpy() for variable in model.variables]
        learner.begin(weights)
        code = _features(learner, task)
        found[FROZEN][count] = [regress(code, task, AT, seed) for seed in range(SEEDS)]
        found[TUNED][count] = [learner.fit(weights, task, AT, seed) for seed in range(SEEDS)]
    return found


def _spread(values: list[float]) -> list[float]:
    return [round(float(np.mean(values)), 4), round(float(np.std(values, ddof=1)), 4)]


def _figure(model, data, found, by_images, numbers):
    figure = figures.figure(10.5, 4.2, f"What labels are worth to an encoder: {type(model).__name__} on {data.name}")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2], sharey=True)
    styles = dict(
        zip(found, [("C0", "o-"), ("C0", "o--"), ("C1", "s-"), ("C4", "^:"), ("C2", "v:"), ("C3", "D--")], strict=True)
    )
    for axes, curves in ((left, found), (right, by_images)):
        for name, of in curves.items():
            color, line = styles[name]
            mean, spread = np.array([_spread(values) for values in of.values()]).T
            axes.errorbar(list(of), mean, spread, fmt=line, color=color, capsize=2, markersize=4, label=name)
        axes.set_xscale("log")
        axes.grid(alpha=0.3)
    left.set_xlabel("images with a label")
    left.set_ylabel(f"accuracy on {numbers['test_examples']} test images")
    left.set_title(f"mean and standard deviation of {SEEDS} draws of the labels")
    left.legend(loc="lower right")
    if AT in found[PIXELS]:
        right.axhline(np.mean(found[PIXELS][AT]), color="C4", linestyle=":", label=PIXELS)
        right.axhline(np.mean(found[RANDOM][AT]), color="C1", label=RANDOM)
    right.set_xlabel("images without a label")
    right.set_title(f"with {AT} labels")
    return figure
