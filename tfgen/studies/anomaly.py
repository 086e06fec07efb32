"""Is another data set unlikely under the model? ln p(x), or its bound, of both, and how well it tells them apart.

It may not: Nalisnick et al. 2019, "Do Deep Generative Models Know What They Don't Know?",
https://arxiv.org/abs/1810.09136, find other sets likelier than what a model was trained on.
"""

import numpy as np
import tensorflow as tf
from sklearn.metrics import roc_auc_score

from tfgen import data as datasets
from tfgen import zoo
from tfgen.ops import seeds
from tfgen.studies import figures

EXAMPLES, SHOWN, BATCH = 500, 12, 100


def study(model, data, settings):
    if settings.other == data.name:
        raise ValueError(f"other={settings.other!r}: is what the model was trained on; give another data set")
    exact = "log_prob" in zoo.verbs(model)
    other = matched(model, settings)
    log_prob = tf.function(_log_prob(model) if exact else model.elbo, autograph=False)
    pictures, values = {}, {}
    with settings.in_sight("examples", 2 * settings.limit(EXAMPLES)) as advance:
        for name, one in ((data.name, data), (other.name, other)):
            shown, found = [], []
            for batch in one.batches(settings.split, BATCH, settings.seed, settings.limit(EXAMPLES)):
                image = rescaled(batch["image"].numpy(), one.arguments["levels"], model.levels)
                seed = seeds.seed_rows(BATCH * len(found) + len(image), settings.seed)[-len(image) :]
                found.append(log_prob(tf.constant(image), seed).numpy().astype(np.float64))
                shown.append(image[:SHOWN])
                advance(len(image))
            pictures[name], values[name] = figures.unit(shown[0], model.levels), np.concatenate(found)
    own, foreign = values.values()
    area = float(roc_auc_score([1] * len(own) + [0] * len(foreign), np.concatenate([own, foreign])))
    what = "ln p(x)" if exact else "ELBO"
    numbers = {
        "other": other.name,
        "other_data": other.protocol,
        "examples": [len(own), len(foreign)],
        "figure": "log_prob" if exact else "elbo",
        "nats": {name: round(float(part.mean()), 4) for name, part in values.items()},
        "nats_standard_error": {
            name: round(float(part.std() / np.sqrt(len(part))), 4) for name, part in values.items()
        },
        "area_under_the_curve": round(area, 4),
        "protocol": f"the chance that an example of {data.name} has a larger {what} than one of {other.name}",
    }
    if area < 0.5:
        numbers["warning"] = (
            f"{other.name} is LIKELIER under this model than {data.name}, which it was trained on: a high likelihood "
            "does not say that an example is of the training distribution"
        )

    figure = figures.figure(10, 5.6, f"Does {type(model).__name__} of {data.name} know what it has not seen?")
    above, below = figure.subplots(2, 1, height_ratios=[1, 2])
    columns = min(len(part) for part in pictures.values())
    figures.strips(above, np.stack([part[:columns] for part in pictures.values()]), list(pictures))
    edges = np.linspace(*np.quantile(np.concatenate([own, foreign]), [0.005, 0.995]), 60)
    for name, part in values.items():
        below.hist(np.clip(part, edges[0], edges[-1]), edges, alpha=0.6, label=f"{name}: mean {part.mean():.1f}")
    below.set(xlabel=f"{what} (nats; at the ends what lies beyond)", ylabel="examples")
    below.set_title(f"area under the curve {area:.3f}" + " (0.5: by chance, 1: always told apart)")
    below.legend()
    if "warning" in numbers:
        figure.supxlabel(f"{other.name} is likelier than {data.name}, which it was trained on", color="#b03020")
    return figure, numbers


def _log_prob(model):
    return lambda image, seed: model.log_prob(image)


def matched(model, settings):
    """The other data set in the shape of the model's images, with two levels where those have two.

    Raises:
      ValueError: where there is no such set, or it is none of images that can be made so.
    """
    height, width, channels = model.shape
    steps = f"{'grayscale' if channels == 1 else 'color'},resize:{height}x{width}"
    try:
        other = datasets.load(settings.other, settings.data_dir, steps, cache=True)
        if model.levels == 2 and other.arguments["levels"] > 2:
            other = datasets.load(settings.other, settings.data_dir, f"{steps},binarize", cache=True)
    except ValueError as error:
        raise ValueError(f"other={settings.other!r}: {error}") from None
    if "image" not in other.element_spec or tuple(other.arguments["image_shape"]) != model.shape:
        raise ValueError(f"other={settings.other!r}: must be a set of images, that can be made {model.shape}")
    return other


def rescaled(image: np.ndarray, levels: int, wanted: int) -> np.ndarray:
    """Images uint8 of `levels` as the nearest of `wanted` levels."""
    return np.round(image.astype(np.float64) * ((wanted - 1) / (levels - 1))).astype(np.uint8)
