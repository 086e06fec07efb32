"""How blurred samples and reconstructions are beside examples: the variance of the Laplacian of each.

Of a latent-variable model the mean of p(x | z) is shown beside a draw of it: what makes a draw sharp may be the noise
of its pixels.
"""

import numpy as np
import tensorflow as tf

from tfgen import zoo
from tfgen.metrics.sharpness import laplacian_variance
from tfgen.ops import seeds
from tfgen.studies import codes, figures

EXAMPLES, SHOWN = 500, 8


def study(model, data, settings):
    if min(model.shape[:2]) < 3:
        raise ValueError(f"image_shape={model.shape}: a Laplacian inside the border wants 3 pixels each way")
    batch = codes.examples(data, settings, settings.limit(EXAMPLES))
    condition, count = model.condition(batch), len(batch["image"])
    seed, other_seed = seeds.split(seeds.seed_rows(count, settings.seed), 2)
    sets = {
        f"{settings.split} examples": figures.unit(batch["image"], model.levels),
        "samples": figures.unit(tf.function(model.sample, autograph=False)(seed, **condition), model.levels),
    }
    verbs = set(zoo.verbs(model))
    if {"prior", "decode"} <= verbs:
        likelihood = model.decode(model.prior(**condition).draw(other_seed).value, **condition)
        if "mean" in likelihood.moments():
            sets["samples, mean of p(x | z)"] = figures.unit(likelihood.moments()["mean"], model.levels)
    if {"encode", "decode"} <= verbs:
        sets["reconstructions"] = codes.decoded(model, codes.code(model, batch, settings.seed), condition)
    variances = {name: laplacian_variance(pictures) for name, pictures in sets.items()}
    reference = next(iter(variances.values())).mean()
    numbers = {
        "examples": count,
        "laplacian_variance": {name: _summary(values) for name, values in variances.items()},
        "sharpness_of_examples_is_1": {
            name: round(float(values.mean() / reference), 4) for name, values in variances.items()
        },
        "protocol": "variance over a picture of its Laplacian (four neighbours, mean of the channels, pixels in 0 .. 1)"
        "; samples are draws of x; reconstructions are what the mean code decodes to, the mean of p(x | z) where there "
        "is one",
    }

    columns = min(SHOWN, count)
    figure = figures.figure(11, 0.9 + 0.75 * len(sets), f"Sharpness: {type(model).__name__} on {data.name}")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    labels = [name.replace(", ", ",\n") for name in sets]
    figures.strips(left, np.stack([pictures[:columns] for pictures in sets.values()]), labels)
    smallest = max(min(values.min() for values in variances.values()), 1e-6)
    edges = np.geomspace(smallest, max(values.max() for values in variances.values()) + 1e-5, 40)
    for name, values in variances.items():
        share = numbers["sharpness_of_examples_is_1"][name]
        right.hist(values, edges, histtype="step", linewidth=1.6, label=f"{name}: × {share:.2f}")
    right.set(xscale="log", xlabel="variance of the Laplacian (pixels in 0 to 1)", ylabel=f"pictures of {count}")
    right.set_title("the mean beside that of the examples")
    right.legend(fontsize=8)
    return figure, numbers


def _summary(values: np.ndarray) -> dict[str, float]:
    quartiles = np.quantile(values, [0.25, 0.5, 0.75])
    names = ("mean", "lower_quartile", "median", "upper_quartile")
    return {name: round(float(value), 6) for name, value in zip(names, [values.mean(), *quartiles], strict=True)}
