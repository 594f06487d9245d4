"""KEEP: event stores, database write-back, erasure."""
