"""Tests of what all made rules files have in common."""
