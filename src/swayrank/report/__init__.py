"""LOOK: figures, tables, pages."""
