"""Plain functions that measure models; nothing here trains."""
