"""Slow, obvious answers in plain Python; nothing here imports the package."""
