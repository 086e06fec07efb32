"""Plain functions that give one value per example, [B]."""
