"""Presets of the latent-variable family."""

import dataclasses

from trainers.config import TrainConfig

VAE_MNIST = TrainConfig(
    source="Dynamic binarisation and 5,000-sample bound: Burda et al. 2016, section 5; sizes of our own.",
    model="vae",
    dataset="mnist",
    transforms="binarize",
    steps=20000,
    epoch_steps=1000,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    average=0.999,
    hparams={"latent_dim": 40, "width": 32, "depth": 2, "architecture": "conv"},
)

# Burda et al. 2016 train 3,280 epochs of batches of 20, with eight rates from 1e-3 down.
BURDA = dataclasses.replace(
    VAE_MNIST,
    source="One layer of 50 latents and 200-200 units: Burda et al. 2016, section 5. 400 epochs, half a CPU hour.",
    steps=216_000,
    epoch_steps=5400,
    steps_per_execution=60,
    hparams={"latent_dim": 50, "width": 200, "depth": 2, "architecture": "mlp"},
)

PRESETS = {
    "vae_digits": TrainConfig(
        source="Sized for 1,000 training images and half a minute; stopped where the validation bound is lowest.",
        model="vae",
        dataset="digits",
        steps=1000,
        epoch_steps=200,
        batch_size=100,
        learning_rate=1e-3,
        schedule="cosine",
        weight_decay=1.0,
        average=0.998,
        hparams={"latent_dim": 8, "width": 16, "depth": 1},
    ),
    "vae_mnist": VAE_MNIST,
    "vae_mnist_small": dataclasses.replace(
        VAE_MNIST,
        source="vae_mnist with half the width and one convolution more: 0.7 MB in half precision.",
        hparams={**VAE_MNIST.hparams, "width": 16, "depth": 3},
    ),
    "vae_mnist_mlp": dataclasses.replace(
        VAE_MNIST,
        source="One hidden layer of 500, Appendix C and figure 2 of Kingma and Welling 2014.",
        hparams={"latent_dim": 20, "width": 500, "depth": 1, "architecture": "mlp"},
    ),
    "vae_mnist_burda": BURDA,
    "iwae_mnist": dataclasses.replace(
        BURDA,
        source="Burda et al. 2016 with k = 50, from the weights of vae_mnist_burda; its epochs are ours.",
        start_from="runs/vae_mnist_burda",
        steps=16_200,
        epoch_steps=1620,
        steps_per_execution=10,
        learning_rate=5e-4,
        hparams={**BURDA.hparams, "samples": 50},
    ),
    "hierarchical_vae_mnist": dataclasses.replace(
        BURDA,
        source="Two layers of 50 and 100 latents: Burda et al. 2016, section 5; as long as vae_mnist_burda.",
        model="hierarchical_vae",
        hparams={"latent_dims": (50, 100), "widths": (100, 200)},
    ),
    "resnet_vae_mnist": dataclasses.replace(
        VAE_MNIST,
        source="Sizes of our own: an hour and a half of a CPU.",
        model="resnet_vae",
        steps=32_400,
        epoch_steps=1080,
        hparams={"planes": (8, 8, 4), "halvings": (2, 2, 1), "width": 24, "warmup_steps": 5400},
    ),
    "vae_cifar10": TrainConfig(
        source="Sizes of our own. For an accelerator.",
        model="vae",
        dataset="cifar10",
        transforms="flip",
        steps=200_000,
        epoch_steps=2000,
        batch_size=128,
        learning_rate=5e-4,
        schedule="cosine",
        average=0.999,
        hparams={"latent_dim": 256, "width": 128, "depth": 3},
    ),
}
