"""Groups of accounts that follow each other more than others, and what passes within and between them."""
