"""SELECT: seed selection, constraints and costs, what-if questions."""
