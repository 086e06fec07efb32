"""Presets of the adversarial family."""

from trainers.config import TrainConfig

# Radford et al. 2016, section 4: Adam with learning rate 0.0002 and beta_1 0.5, batches of 128.
_DCGAN = dict(model="dcgan", learning_rate=2e-4, beta_1=0.5)

PRESETS = {
    "dcgan_digits": TrainConfig(
        source="Adam of Radford et al. 2016; sized for 1,000 training images and a minute on two cores.",
        dataset="digits",
        steps=2000,
        epoch_steps=500,
        batch_size=64,
        average=0.995,
        hparams={"latent_dim": 32, "width": 64},
        **_DCGAN,
    ),
    "dcgan_mnist": TrainConfig(
        source="Adam of Radford et al. 2016; sized for minutes on two cores.",
        dataset="mnist",
        steps=6000,
        epoch_steps=500,
        batch_size=64,
        average=0.995,
        hparams={"latent_dim": 64, "width": 32},
        **_DCGAN,
    ),
    "dcgan_cifar10": TrainConfig(
        source="Radford et al. 2016, section 4, at 32x32. For an accelerator.",
        dataset="cifar10",
        steps=100_000,
        epoch_steps=2000,
        batch_size=128,
        average=0.999,
        hparams={"latent_dim": 100, "width": 128},
        **_DCGAN,
    ),
    "dcgan_celeb_a": TrainConfig(
        source="Radford et al. 2016, section 4 and figure 1. For an accelerator.",
        dataset="celeb_a",
        transforms="crop:178,resize:64",
        steps=200_000,
        epoch_steps=2000,
        batch_size=128,
        average=0.999,
        hparams={"latent_dim": 100, "width": 128},
        **_DCGAN,
    ),
}
