"""ln p(x) and how far below it the bound is: that gap is KL(q(z | x) || p(z | x)), of the posterior that nobody can
compute.

The bound of k samples (Burda et al. 2016, https://arxiv.org/abs/1509.00519, eq. 8) rises with k from the ELBO to
ln p(x); beside it, with as many samples, the mean of p(x | z) over the prior; annealed importance sampling (Neal 2001;
Wu et al. 2017, https://arxiv.org/abs/1611.04273); and where z has two dimensions quadrature, to which all the others
have to come, and the posterior itself.
"""

import numpy as np
import tensorflow as tf

from tfgen.distributions.latents import repeat
from tfgen.losses import variational
from tfgen.metrics import evidence
from tfgen.ops import seeds
from tfgen.studies import codes, figures

EXAMPLES, SAMPLES, AT_ONCE = 8, 5000, 50
CHAINS, TEMPERATURES, LEAPFROGS = 16, 300, 10
POINTS = 4000  # of a quadrature, at once


def study(model, data, settings):
    batch = codes.examples(data, settings, settings.limit(EXAMPLES))
    image, condition, count = batch["image"], model.condition(batch), len(batch["image"])
    weights, of_prior = _weights(model, image, condition, settings)
    ks = [k for k in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if k <= SAMPLES]
    curves = {
        "importance bound": [evidence.bounds_in_k(weights, k) for k in ks],
        "samples of the prior": [evidence.bounds_in_k(of_prior, k) for k in ks],
    }
    elbo, elbo_error = curves["importance bound"][0]
    annealed, annealed_error, accepted = _annealed(model, image, condition, settings)
    bound, bound_error = curves["importance bound"][-1]
    images = {
        "elbo": elbo,
        "elbo_standard_error": elbo_error,
        "importance_bound": bound,
        "importance_bound_standard_error": bound_error,
        "importance_effective_samples": evidence.effective_samples(weights),
        "samples_of_prior": curves["samples of the prior"][-1][0],
        "samples_of_prior_effective": evidence.effective_samples(of_prior),
        "annealed": annealed,
        "annealed_standard_error": annealed_error,
    }
    truth, truth_name = annealed, "annealed"
    if model.latent_dim == 2:
        truth, off = _quadrature(_log_joint(model), image, condition, settings)
        truth_name = "quadrature"
        images |= {"quadrature": truth, "quadrature_off_by": off}
        images["importance_bound_off_in_standard_errors"] = (bound - truth) / bound_error
        images["annealed_off_in_standard_errors"] = (annealed - truth) / annealed_error
    images["gap"] = truth - elbo
    numbers = {
        "examples": count,
        "samples": SAMPLES,
        "means_nats": {name: round(float(np.mean(images[name])), 4) for name in (*_MEANS, truth_name)},
        "means_standard_error": {
            name: round(_error_of_mean(images[f"{name}_standard_error"]), 4) for name in _MEANS if name != _MEANS[2]
        },
        "gap_nats": round(float(images["gap"].mean()), 4),
        "gap_to": truth_name,
        "k": ks,
        **{
            f"{name.replace(' ', '_')}_in_k": [round(float(value.mean()), 4) for value, _ in curve]
            for name, curve in curves.items()
        },
        "annealing": {
            "chains": CHAINS,
            "temperatures": TEMPERATURES,
            "leapfrogs": LEAPFROGS,
            "accepted": round(float(accepted), 3),
        },
        "images": {name: [round(float(value), 4) for value in values] for name, values in images.items()},
        "protocol": "nats of each image; standard errors by Monte Carlo alone, of the same images; that of a single "
        "group of samples is too small where few samples are effective; the lengths of the leapfrogs were found in a "
        "first run of annealing, and the weights are of a second",
    }
    return _figure(model, data, settings, image, condition, ks, curves, images, truth_name), numbers


_MEANS = ("elbo", "importance_bound", "samples_of_prior", "annealed")


def _error_of_mean(errors: np.ndarray) -> float:
    return float(np.sqrt(np.square(errors).sum()) / len(errors))


def _weights(model, image, condition, settings) -> tuple[np.ndarray, np.ndarray]:
    """ln of the importance weights of posterior draws, and ln p(x | z) at prior draws: [SAMPLES, N] each."""
    images, conditions = repeat((image, condition), AT_ONCE)
    prior = model.prior(**conditions)

    def decode(latents):
        return model.decode(latents, **conditions)

    @tf.function(autograph=False)
    def chunk(seed):
        own, of_prior = seeds.split(seed, 2)
        posterior = model.encode(images, **conditions)
        z = prior.draw(of_prior).value
        return variational.weight(prior, posterior, decode, images, own).value, decode(z).log_prob(images)

    rows, parts = len(images), []
    with settings.in_sight("samples of each image", SAMPLES) as advance:
        for first in range(0, SAMPLES, AT_ONCE):
            seed = seeds.seed_rows((first // AT_ONCE + 1) * rows, settings.seed)[-rows:]
            parts.append([part.numpy().reshape([AT_ONCE, -1]) for part in chunk(seed)])
            advance(AT_ONCE)
    own, of_prior = (np.concatenate(part) for part in zip(*parts, strict=True))
    return own, of_prior


def _annealed(model, image, condition, settings) -> tuple[np.ndarray, np.ndarray, float]:
    """ln p(x) of each image with its standard error, and the share of moves that was accepted."""
    images, conditions = repeat((image, condition), CHAINS)
    prior = model.prior(**conditions)
    betas = evidence.temperatures(TEMPERATURES)

    @tf.function(autograph=False)
    def run(seed, steps):
        z = prior.draw(seeds.seed_rows(len(images), settings.seed + seed)).value
        return evidence.annealed_importance(
            prior.log_prob,
            lambda z: model.decode(z, **conditions).log_prob(images),
            z,
            betas,
            settings.seed + seed,
            len(image),
            steps,
            LEAPFROGS,
        )

    with settings.in_sight("runs of annealing", 2) as advance:
        _, steps, _ = run(tf.constant(1), tf.zeros([TEMPERATURES, len(image)]))
        advance(1)
        log_weights, _, accepted = run(tf.constant(2), steps)
        advance(1)
    value, error = evidence.bounds_in_k(log_weights.numpy().reshape([CHAINS, -1]), CHAINS)
    return value, error, accepted.numpy().mean()


def _log_joint(model):
    """(z [M, 2], image [1, H, W, C], condition) -> ln p(z) p(x | z), [M]."""

    @tf.function(autograph=False)
    def of_points(z, image, condition):
        image, condition = repeat((image, condition), POINTS)
        return model.prior(**condition).log_prob(z) + model.decode(z, **condition).log_prob(image)

    def of_all(z, image, condition):
        whole = np.resize(z, [-(-len(z) // POINTS) * POINTS, 2])
        parts = [of_points(tf.constant(part), image, condition) for part in np.split(whole, len(whole) // POINTS)]
        return np.concatenate(parts)[: len(z)]

    return of_all


def _quadrature(log_joint, image, condition, settings) -> tuple[np.ndarray, np.ndarray]:
    values = []
    with settings.in_sight("quadratures", len(image)) as advance:
        for i in range(len(image)):
            one = codes.rows((image, condition), [i])
            values.append(evidence.quadrature(lambda z, one=one: log_joint(z, *one)))
            advance(1)
    value, off = np.array(values).T
    return value, off


def _figure(model, data, settings, image, condition, ks, curves, images, truth_name):
    flat = model.latent_dim == 2
    figure = figures.figure(11, 6.2, f"The bound and what it bounds: {type(model).__name__} on {data.name}")
    grid = figure.add_gridspec(2, 3, height_ratios=[3.2, 1], width_ratios=[1.5, 1, 1] if flat else [1.5, 1.0, 1e-3])
    axes = figure.add_subplot(grid[0, 0])
    for name, curve in curves.items():
        mean = np.array([value.mean() for value, _ in curve])
        error = np.array([_error_of_mean(error) for _, error in curve])
        axes.errorbar(ks, mean, error, marker="o", markersize=3, capsize=2, label=name)
    elbo, annealed = images["elbo"].mean(), images["annealed"].mean()
    error = _error_of_mean(images["annealed_standard_error"])
    axes.axhspan(annealed - error, annealed + error, color=figures.COLORS[2], alpha=0.3, linewidth=0)
    axes.axhline(annealed, color=figures.COLORS[2], label="annealed importance sampling")
    truth = images[truth_name].mean()
    if flat:
        axes.axhline(truth, color="black", linestyle=":", label="quadrature")
    axes.axhline(elbo, color=figures.COLORS[0], linestyle="--", linewidth=0.8)
    axes.annotate("", (1.6, truth), (1.6, elbo), arrowprops={"arrowstyle": "<->", "shrinkA": 0, "shrinkB": 0})
    axes.text(2.0, 0.7 * truth + 0.3 * elbo, f"KL(q || p(z | x))\n{truth - elbo:.2f} nats", va="center")
    lowest = min(elbo, curves["samples of the prior"][-1][0].mean())
    axes.set_ylim(lowest - 0.6 * max(truth - lowest, 0.5), truth + 0.25 * max(truth - lowest, 0.5))
    axes.set(xscale="log", xlabel="samples k", ylabel=f"nats, mean of {len(image)} images")
    axes.set_title("bounds on ln p(x); the ELBO dashed")
    axes.legend(loc="lower right", fontsize=8)

    axes = figure.add_subplot(grid[0, 1])
    order = np.argsort(-images["gap"])
    axes.bar(range(len(order)), images["gap"][order], color=figures.COLORS[0])
    axes.set_xticks(range(len(order)), [str(i) for i in order])
    axes.set(xlabel="image", ylabel=f"gap of the ELBO to ln p(x) by {truth_name} (nats)")
    axes.set_title("KL(q || p(z | x)) of each image")
    if flat:
        worst = int(order[0])
        _posterior(figure.add_subplot(grid[0, 2]), model, *codes.rows((image, condition), [worst]), worst)
    axes = figure.add_subplot(grid[1, :])
    captions = [
        f"{i}: {low:.1f}\n{high:.1f}"
        for i, (low, high) in enumerate(zip(images["elbo"], images[truth_name], strict=True))
    ]
    figures.strips(axes, figures.unit(image, model.levels)[None, :12], captions=captions[:12])
    axes.set_xlabel(f"ELBO, and ln p(x) by {truth_name} (nats)")
    return figure


def _posterior(axes, model, image, condition, number: int) -> None:
    """p(z | x) in gray, and two standard deviations of draws of q(z | x) around their mean."""
    log_joint = _log_joint(model)
    draws = model.encode(repeat(image, 400), **repeat(condition, 400)).draw(seeds.seed_rows(400)).value.numpy()
    mean, covariance = draws.mean(axis=0), np.cov(draws.T)
    angle = np.linspace(0, 2 * np.pi, 100)
    ring = mean[:, None] + 2 * np.linalg.cholesky(covariance) @ np.stack([np.cos(angle), np.sin(angle)])

    def plane(low, high):
        sides = np.linspace(low, high, 101, dtype=np.float32)
        z = np.stack(np.meshgrid(*sides.T, indexing="xy"), axis=-1)
        values = log_joint(z.reshape([-1, 2]), image, condition).reshape([101, 101])
        return sides, z, np.exp(values - values.max())

    _, z, share = plane([-5, -5], [5, 5])
    seen = np.concatenate([z[share > 1e-4], ring.T])  # all of the posterior, and q
    middle, half = (seen.max(axis=0) + seen.min(axis=0)) / 2, 0.6 * np.ptp(seen, axis=0).max()
    sides, _, share = plane(middle - half, middle + half)
    axes.contourf(*sides.T, share, levels=12, cmap="Greys")
    axes.plot(*ring, color=figures.COLORS[1], label="q(z | x), two standard deviations")
    axes.set(xlabel="z₁", ylabel="z₂", aspect="equal")
    axes.set_title(f"p(z | x) of image {number}, gray")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=8)
