"""Implicit density: a generator against a discriminator. One paper per file."""
