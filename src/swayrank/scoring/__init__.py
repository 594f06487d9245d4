"""SCORE: parts on one scale, combined with published weights, and explained.

Named after the act, since `swayrank.score` is the function.
"""
