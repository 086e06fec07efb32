"""Tractable density: log p(x) is exact, pixel after pixel. One paper per file."""
