"""Presets for pictures whose factors are known, which show whether a latent stands for a factor."""

from trainers.config import TrainConfig, variant

VAE = TrainConfig(
    source="Ten latents and the rate of Chen et al. 2018; convolutions of sizes of our own, for minutes on two cores.",
    model="vae",
    dataset="factors",
    steps=3000,
    epoch_steps=1000,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    average=0.998,
    hparams={"latent_dim": 10, "width": 16, "depth": 3},
)
LETTERS = variant(
    VAE,
    "vae_factors for 666 training pictures of letters; kept where the validation bound is highest.",
    dataset="letters",
    epoch_steps=250,
    keep_best="val_loss",
)


def _disentangling(preset: TrainConfig, weight: float) -> TrainConfig:
    source = f"The same VAE, its total correlation at {weight + 1:g} times the price: beta of Chen et al. 2018."
    return variant(preset, source, {"total_correlation": weight})


PRESETS = {
    "vae_factors": VAE,
    "beta_tcvae_factors": _disentangling(VAE, 5.0),
    "vae_letters": LETTERS,
    "beta_tcvae_letters": _disentangling(LETTERS, 5.0),
}
