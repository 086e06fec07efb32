"""Presets: configurations with the source of their numbers. New numbers for an old model are a new preset, no class."""

from trainers.presets import autoregressive, gan, time_series, vae

PRESETS = {
    "autoregressive": autoregressive.PRESETS,
    "time_series": time_series.PRESETS,
    "vae": vae.PRESETS,
    "gan": gan.PRESETS,
}
