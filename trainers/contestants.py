"""Who takes part in a comparison: one model of each kind that the lecture has, for small and for large pictures."""

from collections.abc import Mapping

from trainers.config import TrainConfig

LARGE = 16  # pixels of the shorter side from which pictures are large
ADAM = {"batch_size": 64, "average": 0.995}
LIKELIHOOD = {**ADAM, "learning_rate": 1e-3, "schedule": "cosine"}
# name -> fields of the configuration, arguments for small pictures, and for large ones.
CONTESTANTS: dict[str, tuple[Mapping, Mapping, Mapping]] = {
    "PixelCNN": (
        {"model": "gated_pixel_cnn", **LIKELIHOOD, "batch_size": 16, "learning_rate": 2e-3},
        {"width": 24, "depth": 5, "head_width": 32, "dropout": 0.3},
        {"width": 24, "depth": 6, "head_width": 48, "dilations": (1, 2, 4)},
    ),
    "VAE": (
        {"model": "vae", **LIKELIHOOD},
        {"latent_dim": 8, "width": 16, "depth": 1},
        {"latent_dim": 32, "width": 32, "depth": 2},
    ),
    "PixelVAE": (
        {"model": "pixel_vae", **LIKELIHOOD},
        {"latent_dim": 8, "width": 16, "depth": 1, "planes": 8, "layers": 2, "layer_width": 16, "dropout": 0.3},
        {"latent_dim": 32, "width": 32, "depth": 2, "planes": 16, "layers": 3, "layer_width": 24, "head_width": 48},
    ),
    "flow": (
        {"model": "real_nvp", **LIKELIHOOD, "clip_norm": 100.0},
        {"width": 24, "depth": 1, "scales": 2},
        {"width": 32, "depth": 1, "scales": 2},
    ),
    "GAN": (
        {"model": "dcgan", **ADAM, "learning_rate": 2e-4, "beta_1": 0.5},
        {"latent_dim": 32, "width": 64},
        {"latent_dim": 64, "width": 32},
    ),
    "AAE": (
        {"model": "adversarial_autoencoder", **ADAM, "learning_rate": 3e-4, "beta_1": 0.5, "schedule": "cosine"},
        {"latent_dim": 8, "width": 128},
        {"latent_dim": 8, "width": 400},
    ),
}


def configuration(name: str, side: int, **fields) -> TrainConfig:
    """The run of a contestant on pictures whose shorter side has `side` pixels; `fields` are of data and budget."""
    own, small, large = CONTESTANTS[name]
    return TrainConfig(**own | fields, hparams=dict(large if side >= LARGE else small))


def check(names: list[str]) -> None:
    """Holds names against the table.

    Raises:
      ValueError: naming one that is not there, and those that are.
    """
    for name in names:
        if name not in CONTESTANTS:
            raise ValueError(f"models={name!r}: must be one of {', '.join(CONTESTANTS)}")
