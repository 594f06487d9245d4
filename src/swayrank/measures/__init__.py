"""MEASURE: one number per account, from a graph or from an event table.

Start at :mod:`swayrank.measures.registry` (what there is) and :mod:`swayrank.measures._measure` (what comes back).
"""
