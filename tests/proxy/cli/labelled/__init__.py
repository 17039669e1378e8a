"""Tests of `proxy.cli.labelled`, one module for each of its modules."""
