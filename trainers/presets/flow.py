"""Presets of models of change of variables."""

import dataclasses

from trainers.config import TrainConfig

RING = TrainConfig(
    source="Sizes of our own: seconds of a CPU.",
    model="masked_autoregressive_flow",
    dataset="ring",
    steps=4000,
    epoch_steps=500,
    batch_size=200,
    learning_rate=3e-3,
    schedule="cosine",
    average=0.99,
    hparams={"width": 32, "depth": 2, "steps": 1, "mixtures": 24},
)
REALNVP_DIGITS = TrainConfig(
    source="Sizes of our own, for 1,000 training images and a minute; longer, and the validation bound falls.",
    model="real_nvp",
    dataset="digits",
    steps=400,
    epoch_steps=100,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    warmup=50,
    weight_decay=1.0,
    clip_norm=100.0,
    average=0.98,
    hparams={"width": 24, "depth": 1, "scales": 2},
)

PRESETS = {
    "flow_ring": RING,
    "flow_moons": dataclasses.replace(
        RING, dataset="moons", steps=3000, hparams={"width": 64, "depth": 2, "steps": 2, "mixtures": 16}
    ),
    "flow_mixture": dataclasses.replace(
        RING, dataset="mixture", steps=3000, learning_rate=1e-2, hparams={"steps": 3, "mixtures": 16}
    ),
    "realnvp_digits": REALNVP_DIGITS,
    "realnvp_mnist": dataclasses.replace(
        REALNVP_DIGITS,
        source="Sizes of our own; hours of a CPU.",
        dataset="mnist",
        steps=20_000,
        epoch_steps=1000,
        batch_size=64,
        weight_decay=0.0,
        average=0.999,
        hparams={"width": 16, "depth": 2, "scales": 3},
    ),
    "realnvp_cifar10": dataclasses.replace(
        REALNVP_DIGITS,
        source="Dinh et al. 2017, section 4.1: 8 residual blocks, 64 feature maps, one squeeze, batches of 64, weight "
        "decay of 5e-5 (an L2 penalty there); clipping from the authors' code. For an accelerator.",
        dataset="cifar10",
        transforms="flip",
        steps=500_000,
        epoch_steps=5000,
        batch_size=64,
        weight_decay=5e-5,
        average=0.999,
        hparams={"width": 64, "depth": 8, "scales": 2},
    ),
}
