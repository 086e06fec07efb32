"""Presets of models that are sampled by a Markov chain."""

import dataclasses

from trainers.config import TrainConfig, variant

RBM_DIGITS = TrainConfig(
    source="Tieleman 2008, a rate that falls linearly; sizes of our own, half a minute of a CPU.",
    model="rbm",
    dataset="digits",
    transforms="binarize",
    steps=5000,
    epoch_steps=1000,
    batch_size=100,
    optimizer="sgd",
    learning_rate=0.05,
    schedule="linear",
    weight_decay=0.0,
    average=0.0,
    steps_per_execution=20,
    hparams={"hidden": 64},
)
CHAIN_DIGITS = TrainConfig(
    source="Bengio et al. 2013, section 5.2, with the walkback of algorithm 1; sizes of our own, a minute of a CPU.",
    model="denoising_chain",
    dataset="digits",
    transforms="binarize",
    steps=3000,
    epoch_steps=500,
    batch_size=100,
    learning_rate=1e-3,
    schedule="cosine",
    average=0.99,
    hparams={"width": 200, "depth": 1},
)

PRESETS = {
    "rbm_digits": RBM_DIGITS,
    "rbm_mnist": variant(
        RBM_DIGITS,
        "500 hidden units, as Salakhutdinov and Murray 2008, section 5.1, have them, who train by CD-25.",
        {"hidden": 500},
        dataset="mnist",
        steps=100_000,
        epoch_steps=10_000,
    ),
    "denoising_chain_digits": CHAIN_DIGITS,
    "denoising_chain_mnist": dataclasses.replace(
        CHAIN_DIGITS,
        source="Bengio et al. 2013, section 5.2: 2,000 hidden units in theirs; a quarter of a CPU hour.",
        dataset="mnist",
        steps=15_000,
        epoch_steps=1500,
        hparams={"width": 600, "depth": 1},
    ),
}
