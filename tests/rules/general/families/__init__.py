"""Tests of `rules.general.families`, one module for each of its modules."""
