"""What a run keeps so that it can be looked at: map, communities, activity over time, counts per account.

Plain inputs (graphs, arrays), plain results: scores lie above, and figures above those.
"""
