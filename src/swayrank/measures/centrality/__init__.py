"""Who stands where attention passes: measures of a graph's structure alone."""
