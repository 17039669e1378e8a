"""Tests of `rules.general`, one module for each of its modules."""
