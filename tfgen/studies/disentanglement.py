"""What each latent knows of each factor that the pictures vary in, and the mutual information gap.

Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders", https://arxiv.org/abs/1802.04942,
section 4.
"""

import numpy as np

from tfgen.data.splits import NAMES
from tfgen.metrics import disentanglement as metrics
from tfgen.studies import codes, figures

BINS, DRAWS = 20, 1000


def study(model, data, settings):
    """Over the examples of all splits: information is of the encoder, and a tenth of a grid would have holes."""
    batches = [batch for split in NAMES for batch in data.batches(split, 500, settings.seed, settings.examples)]
    moments = [codes.moments(model, batch, settings.seed) for batch in batches]
    mean, stddev = (np.concatenate([one[i] for one in moments]).astype(np.float64) for i in range(2))
    factors = np.concatenate([batch["factors"].numpy() for batch in batches])
    entropies = metrics.entropy(factors)
    by_counts = metrics.binned_information(mean, factors, BINS)
    measured = {"of binned means": by_counts}
    if moments[0][2] and stddev.all():
        measured["of q(z)"] = metrics.gaussian_information(mean, stddev, factors, DRAWS, settings.seed)
    gaps = {name: metrics.mutual_information_gap(information, entropies) for name, information in measured.items()}
    shown, name = by_counts / entropies[:, None], "of binned means"
    if "of q(z)" in measured:
        name = "of q(z)"
        shown = measured[name] / entropies[:, None]
    numbers = {
        "examples": len(factors),
        "factors": list(data.factors),
        "factor_entropy_nats": [round(float(x), 4) for x in entropies],
        "mutual_information_gap": {name: round(float(gap.mean()), 4) for name, gap in gaps.items()},
        "gap_of_factors": {name: [round(float(x), 4) for x in gap] for name, gap in gaps.items()},
        "mutual_information_nats": {key: np.round(value, 4).tolist() for key, value in measured.items()},
        "protocol": f"all splits; means of q(z | x) in {BINS} equal bins of each latent's range"
        + (f"; q(z) and q(z | factor) as mixtures of all posteriors, at {DRAWS} draws" if len(measured) > 1 else ""),
    }

    order = np.lexsort([-shown.max(axis=0), shown.argmax(axis=0)])  # latents stand below the factor they know best
    height, width = 1.6 + 0.45 * len(factors.T), 3.5 + 0.55 * len(order)
    figure = figures.figure(max(width, 6.5), height, f"What latents know: {type(model).__name__} on {data.name}")
    axes = figure.subplots()
    drawn = axes.imshow(shown[:, order], cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for k in range(len(shown)):
        for place, j in enumerate(order):
            value = round(shown[k, j], 2) + 0.0  # not -0.00
            axes.text(place, k, f"{value:.2f}", ha="center", va="center", color="w" if value > 0.6 else "k")
    axes.set_yticks(range(len(shown)), [f"{f}  (gap {g:.2f})" for f, g in zip(data.factors, gaps[name], strict=True)])
    axes.set_xticks(range(len(order)), [f"z{j}" for j in order])
    axes.spines[:].set_visible(False)
    axes.set_title(f"mutual information gap {gaps[name].mean():.3f}, {name}")
    figure.colorbar(drawn, label="share of the factor's entropy")
    return figure, numbers
