"""Presets of time series."""

from trainers.config import TrainConfig

PRESETS = {
    "pendulum": TrainConfig(
        source="Sizes of our own: a minute of a CPU.",
        model="time_series",
        dataset="pendulum",
        steps=2000,
        epoch_steps=500,
        batch_size=64,
        learning_rate=2e-3,
        schedule="cosine",
        average=0.99,
        hparams={"width": 48, "depth": 5, "mixtures": 3},
    ),
}
