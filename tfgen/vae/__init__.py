"""Approximate density: encode to a posterior, decode to a likelihood, train on a bound. One paper per file."""
