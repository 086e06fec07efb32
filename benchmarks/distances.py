"""Distances of features beside other implementations, on the same numbers: `python -m benchmarks.distances`.

Wants `pip install prdc torch-fidelity torchvision`, which nothing else here needs; what is missing is said and left
out. Exits with 1 where a figure differs by more than 1e-4 of itself.
"""

import importlib
import sys

import numpy as np

from tfgen.metrics import frechet, neighbours

TOLERANCE = 1e-4


def features() -> tuple[np.ndarray, np.ndarray]:
    """Two sets like those of a hidden layer of rectified units, the second a little moved."""
    random = np.random.default_rng(0)
    mix = random.normal(size=(64, 64)) / 8
    one, other = (np.maximum(random.normal(size=(600, 64)) @ mix + shift, 0.0) for shift in (0.3, 0.4))
    return one.astype(np.float32), other.astype(np.float32)


def prdc(one, other):
    """Naeem et al.'s own."""
    theirs = importlib.import_module("prdc").compute_prdc(one, other, nearest_k=5)
    ours = neighbours.quality(one, other, k=5)
    return {f"prdc {name}": (ours[name], theirs[name]) for name in ("precision", "recall", "density", "coverage")}


def fidelity_fid(one, other):
    """torch-fidelity's Frechet distance."""
    torch, metric = importlib.import_module("torch"), importlib.import_module("torch_fidelity.metric_fid")
    statistics = [metric.fid_features_to_statistics(torch.tensor(part)) for part in (one, other)]
    theirs = metric.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"]
    return {"torch-fidelity Frechet distance": (frechet.frechet_distance(one, other), theirs)}


def fidelity_kid(one, other):
    """torch-fidelity's kernel distance, of all pictures at once."""
    torch, metric = importlib.import_module("torch"), importlib.import_module("torch_fidelity.metric_kid")
    options = {"kid_subsets": 1, "kid_subset_size": len(one), "rng_seed": 0, "verbose": False}
    theirs = metric.kid_features_to_metric(torch.tensor(one), torch.tensor(other), **options)
    ours = frechet.kernel_distance(one, other, subset=len(one), subsets=1)
    return {"torch-fidelity kernel distance": (ours, theirs["kernel_inception_distance_mean"])}


def fidelity_isc(one, other):
    """torch-fidelity's Inception score, of one split."""
    torch, metric = importlib.import_module("torch"), importlib.import_module("torch_fidelity.metric_isc")
    logits = 3.0 * one[:, :10]
    options = {"splits": 1, "shuffle": False, "rng_seed": 0}
    theirs = metric.isc_features_to_metric(torch.tensor(logits), **options)["inception_score_mean"]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return {"torch-fidelity classifier score": (frechet.classifier_score(probabilities), theirs)}


def main() -> int:
    worst = 0.0
    for check in (prdc, fidelity_fid, fidelity_kid, fidelity_isc):
        try:
            found = check(*features())
        except ImportError as error:
            print(f"{check.__name__}: left out ({error})")
            continue
        for name, (ours, theirs) in found.items():
            difference = abs(ours - theirs) / max(abs(theirs), 1e-12)
            worst = max(worst, difference)
            print(f"{name:34} ours {ours:.8g}  theirs {theirs:.8g}  relative difference {difference:.1e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
