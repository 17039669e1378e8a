"""Tests of `rules.general.names`, one module for each of its modules."""
