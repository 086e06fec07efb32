"""Does a latent stand for a factor of variation? The mutual information gap.

Ricky T. Q. Chen, Xuechen Li, Roger Grosse, David Duvenaud, 2018, "Isolating Sources of Disentanglement in Variational
Autoencoders", https://arxiv.org/abs/1802.04942, section 4.
"""

import numpy as np


def entropy(factors: np.ndarray) -> np.ndarray:
    """Of each factor int [N, F], [F] nats."""
    shares = [np.unique(values, return_counts=True)[1] / len(values) for values in factors.T]
    return np.array([-np.sum(share * np.log(share)) for share in shares])


def binned_information(codes: np.ndarray, factors: np.ndarray, bins: int = 20) -> np.ndarray:
    """I(z_j; v_k) of codes float [N, D] in `bins` equal parts of each dimension's range, and of factors int [N, F]:
    [F, D] nats, by counts."""
    low, high = codes.min(axis=0), codes.max(axis=0)
    parts = np.floor((codes - low) / np.maximum(high - low, 1e-12) * bins).clip(0, bins - 1).astype(int)
    information = np.zeros([factors.shape[1], codes.shape[1]])
    for k, values in enumerate(factors.T):
        for j, part in enumerate(parts.T):
            joint = np.zeros([values.max() + 1, bins])
            np.add.at(joint, (values, part), 1.0 / len(values))
            independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
            there = joint > 0
            information[k, j] = np.sum(joint[there] * np.log(joint[there] / independent[there]))
    return information


def gaussian_information(
    mean: np.ndarray, stddev: np.ndarray, factors: np.ndarray, draws: int = 1000, seed: int = 0
) -> np.ndarray:
    """I(z_j; v_k) = E[ln q(z_j | v_k) - ln q(z_j)] of normal posteriors, [F, D] nats (eq. 16 and 17 of the paper).

    q(z_j) is the mean of q(z_j | x) over all N examples, q(z_j | v_k) that over the examples with that value; both are
    exact, the expectation is over `draws` examples and a z of each.

    Args:
      mean, stddev: of q(z | x), [N, D].
      factors: int [N, F].
    """
    random = np.random.default_rng(seed)
    rows = random.permutation(len(mean))[:draws]
    z = mean[rows] + stddev[rows] * random.normal(size=[len(rows), mean.shape[1]])
    shares = [(values == np.arange(values.max() + 1)[:, None]).T for values in factors.T]  # of each value, [N, V]
    shares = [share / share.sum(axis=0) for share in shares]
    information = np.zeros([factors.shape[1], mean.shape[1]])
    for j in range(mean.shape[1]):
        density = np.exp(-0.5 * ((z[:, j, None] - mean[:, j]) / stddev[:, j]) ** 2) / stddev[:, j]
        whole = density.mean(axis=1)
        for k, share in enumerate(shares):
            given = (density @ share)[np.arange(len(rows)), factors[rows, k]]
            information[k, j] = np.mean(np.log(given / whole))
    return information


def mutual_information_gap(information: np.ndarray, entropies: np.ndarray) -> np.ndarray:
    """What the best latent knows of each factor beyond the second best, as a share of the factor's entropy: [F].

    Their mean is the gap of the paper (eq. 6).

    Args:
      information: [F, D] nats, of two dimensions or more.
      entropies: [F] nats.
    """
    ranked = np.sort(information, axis=1)
    return (ranked[:, -1] - ranked[:, -2]) / entropies
