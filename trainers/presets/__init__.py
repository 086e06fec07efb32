"""Presets: configurations with the source of their numbers. New numbers for an old model are a new preset, no class."""

from trainers.presets import autoregressive, gan, vae

PRESETS = {"autoregressive": autoregressive.PRESETS, "vae": vae.PRESETS, "gan": gan.PRESETS}
