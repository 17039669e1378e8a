"""Tests of what a person is shown of a held call."""
