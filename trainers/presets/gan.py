"""Presets of the adversarial family."""

from trainers.config import TrainConfig, variant

# Radford et al. 2016, section 4: Adam with learning rate 0.0002 and beta_1 0.5, batches of 128.
_DCGAN = dict(model="dcgan", learning_rate=2e-4, beta_1=0.5)

MNIST = TrainConfig(
    source="Adam of Radford et al. 2016; sized for minutes on two cores.",
    dataset="mnist",
    steps=6000,
    epoch_steps=500,
    batch_size=64,
    average=0.995,
    hparams={"latent_dim": 64, "width": 32},
    **_DCGAN,
)
# The objectives side by side: these networks, in which no batch norm mixes what a penalty looks at.
UNMIXED = {"normalized": "generator"}
WGAN_GP = variant(
    MNIST,
    "Gulrajani et al. 2017, algorithm 1: five moves of the critic, Adam with betas 0 and 0.9; networks of dcgan_mnist.",
    {**UNMIXED, "objective": "wasserstein", "penalties": ("gradient_penalty",), "discriminator_steps": 5},
    learning_rate=1e-4,
    beta_1=0.0,
    beta_2=0.9,
)
R3GAN = variant(
    MNIST,
    "Huang et al. 2024, section 3 and table 4: pairs, R1 and R2, beta_1 0, rates that fall; sizes of our own.",
    {"width": 16, "normalized": False, "objective": "relativistic", "penalties": ("r1", "r2"), "penalty_weight": 1.0},
    model="resnet_gan",
    learning_rate=1e-3,
    beta_1=0.0,
    beta_2=0.99,
    schedule="cosine",
)
# Points: what is lost of ring and grid is seen, and counted.
POINTS = TrainConfig(
    source="Two hidden layers of 128; Adam of Radford et al. 2016, five times as fast: sizes of our own.",
    model="point_gan",
    dataset="ring",
    steps=8000,
    epoch_steps=2000,
    batch_size=256,
    learning_rate=1e-3,
    beta_1=0.5,
    average=0.999,
    steps_per_execution=50,
    hparams={"latent_dim": 2},
)
POINTS_WGAN_GP = variant(
    POINTS,
    "gan_ring by Gulrajani et al. 2017.",
    {"objective": "wasserstein", "penalties": ("gradient_penalty",), "penalty_weight": 0.1, "discriminator_steps": 5},
    beta_2=0.9,
)

PRESETS = {
    "gan_ring": POINTS,
    "gan_grid": variant(POINTS, "gan_ring on 25 modes.", dataset="grid"),
    "wgan_gp_ring": POINTS_WGAN_GP,
    "wgan_gp_grid": variant(POINTS_WGAN_GP, "wgan_gp_ring on 25 modes.", dataset="grid"),
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
    "gan_mnist": variant(
        MNIST,
        "Fully connected, of maxout units: Goodfellow et al. 2014, table 1; sizes and Adam of our own.",
        {"latent_dim": 100, "width": 240, "maxout": 5, "depth": 2},
        model="gan",
        steps=20_000,
        epoch_steps=2000,
    ),
    "dcgan_mnist": MNIST,
    "lsgan_mnist": variant(MNIST, "dcgan_mnist by Mao et al. 2017.", {"objective": "least_squares"}),
    "wgan_mnist": variant(
        MNIST,
        "dcgan_mnist by Arjovsky et al. 2017, algorithm 1: five moves of the critic, clipped, RMSprop.",
        {**UNMIXED, "objective": "wasserstein", "weight_clip": 0.01, "discriminator_steps": 5},
        optimizer="rmsprop",
        learning_rate=5e-5,
    ),
    "wgan_gp_mnist": WGAN_GP,
    "sngan_mnist": variant(
        MNIST,
        "dcgan_mnist by Miyato et al. 2018: hinge and spectral normalisation.",
        {**UNMIXED, "objective": "hinge", "spectral_norm": True},
    ),
    "r3gan_mnist": R3GAN,
    "began_mnist": variant(
        MNIST,
        "Berthelot et al. 2017, section 4, a quarter of its smallest width.",
        {"width": 16},
        model="began",
        learning_rate=1e-4,
    ),
    "acgan_mnist": variant(MNIST, "dcgan_mnist of a label: Odena et al. 2017.", {"conditional": "auxiliary"}),
    "cgan_mnist": variant(MNIST, "dcgan_mnist of a label: Mirza and Osindero 2014.", {"conditional": "concatenation"}),
    "projection_mnist": variant(
        MNIST,
        "sngan_mnist of a label: Miyato and Koyama 2018.",
        {**UNMIXED, "objective": "hinge", "spectral_norm": True, "conditional": "projection"},
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
    "sngan_cifar10": TrainConfig(
        source="Miyato et al. 2018, appendix B.3, setting B of table 1: residual, hinge. For an accelerator.",
        model="resnet_gan",
        dataset="cifar10",
        transforms="flip",
        steps=100_000,
        epoch_steps=2000,
        batch_size=64,
        learning_rate=2e-4,
        beta_1=0.0,
        beta_2=0.9,
        schedule="linear",
        average=0.999,
        hparams={
            "latent_dim": 128,
            "width": 64,
            "objective": "hinge",
            "spectral_norm": True,
            "discriminator_steps": 5,
        },
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
    "dcgan_lsun_bedroom": TrainConfig(
        source="Radford et al. 2016, section 4 and figure 3. For an accelerator.",
        dataset="lsun/bedroom",
        transforms="resize:64",
        steps=200_000,
        epoch_steps=2000,
        batch_size=128,
        average=0.999,
        hparams={"latent_dim": 100, "width": 128},
        **_DCGAN,
    ),
}
