"""Two families in one model."""
