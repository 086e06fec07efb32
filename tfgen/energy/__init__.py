"""Models that are sampled by a Markov chain."""
