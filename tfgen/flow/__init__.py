"""Models of change of variables: an invertible map from examples to draws of N(0, I)."""
