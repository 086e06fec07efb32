"""Pure functions on tensors: pixel ranges, stateless random numbers for each row."""
