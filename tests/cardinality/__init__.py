"""Distinct hosts, tools and sessions by the million: numbers stay a few, and memory stays what it is.

- `flood`: the calls, and what they go through; `__main__`: `python -m tests.cardinality --calls 1000000`
"""
