"""Presets of models of two families."""

from trainers.config import TrainConfig, variant
from trainers.presets.vae import MNIST, VAE_DIGITS

# Makhzani et al. 2016, appendix A: rectified units, noise of 0.3 on the encoder's pixels; Adam is ours.
AAE = TrainConfig(
    source="Makhzani et al. 2016, figure 4; sizes of our own, minutes of a CPU.",
    model="adversarial_autoencoder",
    dataset="mnist",
    steps=20_000,
    epoch_steps=2000,
    batch_size=100,
    steps_per_execution=20,
    learning_rate=3e-4,
    beta_1=0.5,
    schedule="cosine",
    average=0.999,
    hparams={"latent_dim": 2, "width": 400},
)
CLASSES = variant(
    AAE,
    "Makhzani et al. 2016, section 5, 100 labels; sizes of our own, a quarter of a CPU hour.",
    {"latent_dim": 10, "width": 500, "noise": 0.3, "labelled": True},
    model="class_adversarial_autoencoder",
    labelled_examples=100,
)
# Larsen et al. 2016 have RMSprop at 3e-4; Adam is ours.
VAE_GAN_DIGITS = TrainConfig(
    source="Larsen et al. 2016, algorithm 1; sizes of our own, minutes of a CPU.",
    model="vae_gan",
    dataset="digits",
    steps=2000,
    epoch_steps=500,
    batch_size=64,
    learning_rate=3e-4,
    beta_1=0.5,
    average=0.995,
    hparams={"latent_dim": 16, "width": 24, "depth": 1, "gamma": 0.5, "beta": 0.05},
)

PRESETS = {
    "pixel_vae_digits": variant(
        VAE_DIGITS,
        "vae_digits whose pixels see their neighbours: Gulrajani et al. 2017; sizes of our own.",
        {"latent_dim": 8, "width": 16, "depth": 1, "planes": 8, "layers": 2, "layer_width": 16, "dropout": 0.3},
        model="pixel_vae",
    ),
    "pixel_vae_mnist": variant(
        MNIST,
        "Gulrajani et al. 2017, section 4.1, with three gated layers; sizes of our own, an hour of a CPU.",
        {"latent_dim": 32, "width": 32, "planes": 16, "layers": 3, "layer_width": 24, "head_width": 48},
        model="pixel_vae",
        steps=12_000,
        batch_size=50,
        learning_rate=2e-3,
    ),
    "vae_gan_digits": VAE_GAN_DIGITS,
    "vae_gan_mnist": variant(
        VAE_GAN_DIGITS,
        "vae_gan_digits for MNIST; sizes of our own, a third of a CPU hour.",
        {"latent_dim": 32, "width": 24, "depth": 2},
        dataset="mnist",
        steps=4000,
        epoch_steps=500,
    ),
    "aae_digits": variant(
        AAE,
        "aae_mnist on 1,000 pictures of 8x8: half a minute.",
        {"latent_dim": 8, "width": 128},
        dataset="digits",
        steps=3000,
        epoch_steps=500,
    ),
    "aae_mnist": AAE,
    "aae_mnist_ring": variant(AAE, "aae_mnist with ten normals round a circle.", {"prior": "ring"}),
    "aae_mnist_swiss_roll": variant(AAE, "aae_mnist with a band that is rolled up.", {"prior": "swiss_roll"}),
    "aae_mnist_style": variant(
        AAE,
        "Makhzani et al. 2016, section 4: the decoder is told the label.",
        {"latent_dim": 10, "conditional": True},
    ),
    "aae_mnist_100_labels": CLASSES,
    "aae_mnist_clusters": variant(
        CLASSES,
        "Makhzani et al. 2016, section 6: 16 clusters, no label.",
        {"labelled": False, "classes": 16},
        labelled_examples=0,
    ),
}
