"""How people react: counts, decayed sums and h-type indices over an event table."""
