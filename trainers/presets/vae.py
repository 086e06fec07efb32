"""Presets of the latent-variable family."""

from trainers.config import TrainConfig, variant

VAE_DIGITS = TrainConfig(
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
)
MNIST = TrainConfig(
    source="Dynamic binarisation and 5,000-sample bound: Burda et al. 2016, section 5; sizes of our own.",
    model="vae",
    dataset="mnist",
    transforms="binarize",
    steps=20_000,
    epoch_steps=1000,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    average=0.999,
)
CONV = {"latent_dim": 40, "width": 32, "depth": 2, "architecture": "conv"}
# Burda et al. 2016 train 3,280 epochs of batches of 20, with eight rates from 1e-3 down, and with tanh.
BURDA = variant(
    MNIST,
    "One layer of 50 latents and 200-200 units: Burda et al. 2016, section 5, but silu. 400 epochs, half a CPU hour.",
    {"latent_dim": 50, "width": 200, "depth": 2, "architecture": "mlp", "activation": "silu"},
    steps=216_000,
    epoch_steps=5400,
    steps_per_execution=60,
    learning_rate=2e-3,
)
# To be compared with each other: the same networks and fifty epochs, of few latents, which a posterior has to use well.
COMPARED = variant(
    MNIST,
    "200-200 units and 50 epochs, beside which richer posteriors and priors stand.",
    {"latent_dim": 10, "width": 200, "depth": 2, "architecture": "mlp"},
    steps=27_000,
    epoch_steps=2700,
    steps_per_execution=60,
)

PRESETS = {
    "vae_digits": VAE_DIGITS,
    "vae_digits_2d": variant(VAE_DIGITS, "vae_digits with a plane of latents, to be looked at.", {"latent_dim": 2}),
    "vae_digits_conditional": variant(
        VAE_DIGITS,
        "vae_digits of a label: Kingma et al. 2014, model M2.",
        {"conditional": True},
    ),
    "vae_mnist": variant(MNIST, MNIST.source, CONV),
    "vae_mnist_small": variant(
        MNIST,
        "vae_mnist with half the width and one convolution more: 0.7 MB in half precision.",
        {**CONV, "width": 16, "depth": 3},
    ),
    "vae_mnist_2d": variant(
        MNIST,
        "A plane of latents, as in figure 4 of Kingma and Welling 2014; its networks are ours.",
        {"latent_dim": 2, "width": 200, "depth": 2, "architecture": "mlp", "activation": "silu"},
        steps_per_execution=50,
    ),
    "vae_mnist_mlp": variant(
        MNIST,
        "One hidden layer of 500, Appendix C and figure 2 of Kingma and Welling 2014.",
        {"latent_dim": 20, "width": 500, "depth": 1, "architecture": "mlp"},
    ),
    "vae_mnist_burda": BURDA,
    "iwae_mnist": variant(
        BURDA,
        "Burda et al. 2016 with k = 50; its epochs are ours: begin with --start_from=pretrained/vae_mnist_burda.",
        {"samples": 50},
        steps=16_200,
        epoch_steps=1620,
        steps_per_execution=10,
        learning_rate=5e-4,
    ),
    "vae_mnist_diagonal": COMPARED,
    "vae_mnist_full": variant(COMPARED, "vae_mnist_diagonal of full covariance.", {"posterior": "full"}),
    "vae_mnist_planar": variant(
        COMPARED,
        "vae_mnist_diagonal with planar flows: Rezende and Mohamed 2015.",
        {"posterior": "planar", "flow_steps": 10},
    ),
    "vae_mnist_iaf": variant(
        COMPARED,
        "vae_mnist_diagonal with inverse autoregressive flows: Kingma et al. 2016.",
        {"posterior": "iaf", "flow_steps": 4},
    ),
    "vae_mnist_mixture": variant(
        COMPARED,
        "vae_mnist_diagonal with a mixture of 100 normals as its prior.",
        {"prior": "mixture", "components": 100},
    ),
    "vae_mnist_vamp": variant(
        COMPARED,
        "vae_mnist_diagonal with a VampPrior of 100 pseudo-inputs: Tomczak and Welling 2018, who have 500.",
        {"prior": "vamp", "components": 100},
    ),
    "vae_mnist_autoregressive": variant(
        COMPARED,
        "vae_mnist_diagonal with an autoregressive prior: Chen et al. 2017.",
        {"prior": "autoregressive"},
    ),
    "hierarchical_vae_mnist": variant(
        MNIST,
        "Two layers of 50 and 100 latents: Burda et al. 2016, section 5; as long as vae_mnist_burda.",
        {"latent_dims": (50, 100), "widths": (100, 200), "activation": "silu"},
        model="hierarchical_vae",
        steps=BURDA.steps,
        epoch_steps=BURDA.epoch_steps,
        steps_per_execution=BURDA.steps_per_execution,
        learning_rate=BURDA.learning_rate,
    ),
    "ladder_vae_mnist": variant(
        MNIST,
        "Five layers, sizes and 200 epochs of warm-up: Sønderby et al. 2016, section 3; they train 2,000 epochs.",
        {"latent_dims": (4, 8, 16, 32, 64), "widths": (64, 64, 128, 256, 512), "warmup_steps": 108_000},
        model="ladder_vae",
        steps=216_000,
        epoch_steps=5400,
        steps_per_execution=60,
    ),
    "resnet_vae_mnist": variant(
        MNIST,
        "Sizes of our own: an hour and a half of a CPU.",
        {"planes": (8, 8, 2), "halvings": (2, 2, 1), "width": 24, "free_bits": 2.0},
        model="resnet_vae",
        steps=32_400,
        epoch_steps=1080,
    ),
    "joint_vae_digits": variant(
        VAE_DIGITS,
        "vae_digits with a class of ten that nobody labels, held in use by free bits.",
        {"classes": 10, "free_bits": 1.5},
        model="joint_vae",
    ),
    "joint_vae_mnist": variant(
        MNIST,
        "A class of ten and ten continuous latents, as Dupont 2018 has on MNIST; the networks are ours.",
        {**CONV, "latent_dim": 10, "classes": 10, "free_bits": 2.0},
        model="joint_vae",
    ),
    "vae_cifar10_small": TrainConfig(
        source="Sizes of our own: two hours of a CPU.",
        model="vae",
        dataset="cifar10",
        transforms="flip",
        steps=40_000,
        epoch_steps=2000,
        batch_size=64,
        learning_rate=1e-3,
        schedule="cosine",
        average=0.999,
        hparams={"latent_dim": 128, "width": 32, "depth": 3, "likelihood": "logistic"},
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
