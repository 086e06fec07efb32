"""Presets of models of change of variables."""

import dataclasses

from trainers.config import TrainConfig

RING = TrainConfig(
    source="Sizes of our own: a minute of a CPU.",
    model="masked_autoregressive_flow",
    dataset="ring",
    steps=3000,
    epoch_steps=500,
    batch_size=200,
    learning_rate=3e-3,
    schedule="cosine",
    average=0.99,
    hparams={"width": 32, "depth": 2, "steps": 2, "mixtures": 8},
)
REALNVP_DIGITS = TrainConfig(
    source="Sizes of our own, for 1,000 training images and minutes of a CPU.",
    model="real_nvp",
    dataset="digits",
    steps=3000,
    epoch_steps=250,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    warmup=100,
    clip_norm=100.0,
    average=0.998,
    hparams={"width": 24, "depth": 1, "scales": 2},
)

PRESETS = {
    "flow_ring": RING,
    "flow_moons": dataclasses.replace(RING, dataset="moons"),
    "flow_mixture": dataclasses.replace(
        RING, source="One dimension: 2 steps of 8 bends, no network.", dataset="mixture", hparams={"mixtures": 8}
    ),
    "realnvp_digits": REALNVP_DIGITS,
}
