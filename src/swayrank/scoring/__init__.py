"""SCORE: parts on one scale, combined with published weights, and explained. Named after the act: `swayrank.score` is the function."""
