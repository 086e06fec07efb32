"""What the simplest densities of points reach."""

import numpy as np

COMPONENTS = (2, 4, 8, 16, 32, 64)
BANDWIDTHS = tuple(np.geomspace(0.01, 1.0, 21))  # of the mean deviation of the values


def baselines(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> dict[str, dict]:
    """Mean -ln p of the test points [N, D], nats, under three densities of the training points.

    Returns:
      "normal" by maximum likelihood; "normal_mixture" by expectation maximisation, full covariances, and "kernel", a
      normal about each training point: {"nats"} of each, and what the validation points chose, {"components"} or
      {"bandwidth"}.
    """
    # They take a second to import, and most who measure have no points.
    from sklearn.mixture import GaussianMixture
    from sklearn.neighbors import KernelDensity

    train, validation, test = (np.asarray(points, np.float64) for points in (train, validation, test))
    unit = train.std(axis=0).mean() or 1.0
    mixtures = {count: GaussianMixture(count, random_state=0).fit(train) for count in COMPONENTS if count <= len(train)}
    kernels = {bandwidth * unit: KernelDensity(bandwidth=bandwidth * unit).fit(train) for bandwidth in BANDWIDTHS}
    components = max(mixtures, key=lambda count: mixtures[count].score(validation))
    bandwidth = max(kernels, key=lambda width: kernels[width].score(validation))
    return {
        "normal": {"nats": -GaussianMixture(1).fit(train).score(test)},
        "normal_mixture": {"nats": -mixtures[components].score(test), "components": components},
        "kernel": {"nats": -kernels[bandwidth].score(test) / len(test), "bandwidth": bandwidth},
    }
