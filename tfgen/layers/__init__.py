"""Keras layers that more than one paper uses."""
