"""What the players minimise: objectives side by side on one data set, as many steps, several seeds.

Mario Lucic, Karol Kurach, Marcin Michalski, Sylvain Gelly, Olivier Bousquet, 2018, "Are GANs Created Equal?",
https://arxiv.org/abs/1711.10337, who give each a search of its own numbers, too; here they are the papers'.
"""

from tfgen.studies import rivals

# Each without batch norm in its discriminator where it has a penalty, or would be no Lipschitz critic.
OBJECTIVES = {
    "minimax": {"objective": "minimax"},
    "non-saturating": {"objective": "non_saturating"},
    "least squares": {"objective": "least_squares"},
    "WGAN, clipped": {"objective": "wasserstein", "weight_clip": 0.05, "discriminator_steps": 5},
    "WGAN-GP": {"objective": "wasserstein", "penalties": ("gradient_penalty",), "discriminator_steps": 5},
    "hinge, spectral": {"objective": "hinge", "spectral_norm": True},
    "relativistic, R1 + R2": {"objective": "relativistic", "penalties": ("r1", "r2"), "penalty_weight": 1.0},
}
UNMIXED = ("weight_clip", "penalties", "spectral_norm")


def study(model, data, settings):
    """The run by each objective; the rest is as it was."""
    mixed = getattr(model, "normalized", None) == "both"
    changes = {
        name: {**own, **({"normalized": "generator"} if mixed and set(own) & set(UNMIXED) else {})}
        for name, own in OBJECTIVES.items()
    }
    return rivals.compare(f"Objectives: {type(model).__name__} on {data.name}", model, data, settings, changes)
