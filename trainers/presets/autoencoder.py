"""Presets of autoencoders."""

from trainers.config import TrainConfig, variant

DIGITS = TrainConfig(
    source="Sized for 1,000 training images and half a minute; kept where the validation error is lowest.",
    model="autoencoder",
    dataset="digits",
    steps=2000,
    epoch_steps=250,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    weight_decay=0.1,
    average=0.998,
    keep_best="val_loss",
    hparams={"latent_dim": 8, "width": 256, "depth": 2},
)
MNIST = TrainConfig(
    source="Sizes of our own, for minutes on two cores.",
    model="autoencoder",
    dataset="mnist",
    steps=10_000,
    epoch_steps=1000,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    average=0.999,
    hparams={"latent_dim": 32, "width": 512, "depth": 2},
)


PRESETS = {
    "autoencoder_digits": DIGITS,
    "autoencoder_digits_2": variant(
        DIGITS, "autoencoder_digits with a code of two numbers, to be drawn.", {"latent_dim": 2}
    ),
    "autoencoder_digits_16": variant(DIGITS, "autoencoder_digits with a code of 16 numbers.", {"latent_dim": 16}),
    "linear_autoencoder_digits": variant(
        DIGITS, "Principal component analysis, by steps downhill.", {"architecture": "linear"}, weight_decay=0.0
    ),
    "conv_autoencoder_digits": variant(
        DIGITS,
        "Four convolutions and four up-convolutions; sizes of our own.",
        {"architecture": "conv", "width": 16},
        learning_rate=3e-3,
    ),
    "denoising_autoencoder_digits": variant(
        DIGITS,
        "A quarter of the pixels destroyed, as for some sets of Vincent et al. 2008, section 4.",
        {"noise": 0.25},
    ),
    "autoencoder_mnist": MNIST,
    "conv_autoencoder_mnist": variant(
        MNIST, "Four convolutions and four up-convolutions; sizes of our own.", {"architecture": "conv", "width": 16}
    ),
    "denoising_autoencoder_mnist": variant(
        MNIST, "autoencoder_mnist with a quarter of the pixels destroyed.", {"noise": 0.25}
    ),
    "autoencoder_mnist_deep": variant(
        MNIST,
        "A code of 30 numbers and three hidden layers as Hinton and Salakhutdinov 2006; theirs have 1,000, 500 and 250 "
        "features, these 1,000 each.",
        {"latent_dim": 30, "width": 1000, "depth": 3},
        steps=100_000,
        epoch_steps=2000,
    ),
    "conv_autoencoder_cifar10": TrainConfig(
        source="Sizes of our own. For an accelerator.",
        model="autoencoder",
        dataset="cifar10",
        transforms="flip",
        steps=100_000,
        epoch_steps=2000,
        batch_size=128,
        learning_rate=1e-3,
        schedule="cosine",
        average=0.999,
        hparams={"latent_dim": 256, "width": 64, "architecture": "conv"},
    ),
}
