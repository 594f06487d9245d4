"""Whom to ask so that a message spreads: seed selection, its constraints and costs, and a what-if oracle."""
