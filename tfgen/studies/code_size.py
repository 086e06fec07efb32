"""What is lost by the number of dimensions of z, 2 to 64, beside as many principal components.

Hinton and Salakhutdinov 2006, "Reducing the Dimensionality of Data with Neural Networks",
https://doi.org/10.1126/science.1127647; of a VAE the bound says what more dimensions are worth.
"""

import numpy as np
import tensorflow as tf
from matplotlib.ticker import NullLocator, ScalarFormatter

from tfgen import zoo
from tfgen.metrics.reconstruction import pca_errors
from tfgen.ops import seeds
from tfgen.studies import codes, figures

DIMS = (2, 4, 8, 16, 32, 64)
PCA_EXAMPLES = 10_000


def study(model, data, settings):
    bounded = "elbo" in zoo.verbs(model)
    found = {}
    for d in DIMS:
        trained = model if d == model.latent_dim else settings.train(latent_dim=d)
        found[d] = _lost(trained, data, settings, bounded)
    train, measured = (
        np.concatenate(
            [figures.unit(batch["image"], model.levels) for batch in data.batches(split, 500, settings.seed, n)]
        )
        for split, n in (("train", PCA_EXAMPLES), (settings.split, settings.examples))
    )
    values = int(np.prod(model.image_shape))
    pca = pca_errors(train, measured, [d for d in DIMS if d < values])
    numbers = {
        "examples": len(measured),
        "mse_per_pixel": {str(d): [round(x, 6) for x in one["error"]] for d, one in found.items()},
        "pca_mse_per_pixel": {str(d): round(error, 6) for d, error in pca.items()},
        "pca_training_examples": len(train),
        "protocol": "value and standard error over the examples; pixels in 0 .. 1, decoded from the mean of q(z | x) "
        "or a draw where it has none; the configuration of the run but for the size of its code",
    }
    if bounded:
        numbers["negative_elbo_nats"] = {str(d): [round(x, 4) for x in one["nats"]] for d, one in found.items()}

    title = f"How many numbers in a code? {type(model).__name__} on {data.name}"
    figure = figures.figure(9.5 if bounded else 5.5, 3.8, title)
    left, *right = np.atleast_1d(figure.subplots(1, 1 + bounded))
    left.errorbar(DIMS, *np.array([found[d]["error"] for d in DIMS]).T, fmt="o-", capsize=2, label=type(model).__name__)
    left.plot(list(pca), list(pca.values()), "s--", label="principal components")
    left.set_yscale("log")
    left.set_ylabel("squared error per pixel (0 to 1)")
    left.legend()
    for axes in right:
        axes.errorbar(DIMS, *np.array([found[d]["nats"] for d in DIMS]).T, fmt="o-", capsize=2)
        axes.set_ylabel("−ELBO (nats)")
    for axes in (left, *right):
        axes.set_xscale("log", base=2)
        axes.set_xticks(DIMS)
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("dimensions of z")
        axes.set_title(f"{len(measured)} {settings.split} examples")
        axes.grid(alpha=0.3)
    return figure, numbers


def _lost(model, data, settings, bounded: bool) -> dict[str, tuple[float, float]]:
    """Squared error per pixel, and nats of -ELBO: mean and standard error over the examples."""
    values = {"error": [], "nats": []}
    for batch in data.batches(settings.split, 500, settings.seed, settings.examples):
        given = figures.unit(batch["image"], model.levels)
        made = codes.decoded(model, codes.code(model, batch, settings.seed), model.condition(batch), settings.seed)
        values["error"].append(np.square(given - made).mean(axis=(1, 2, 3)))
        if bounded:
            seed = seeds.seed_rows(len(given), settings.seed)
            values["nats"].append(-tf.function(model.elbo)(batch["image"], seed, **model.condition(batch)).numpy())
    joined = {name: np.concatenate(parts).astype(np.float64) for name, parts in values.items() if parts}
    return {name: (float(x.mean()), float(x.std() / np.sqrt(len(x)))) for name, x in joined.items()}
