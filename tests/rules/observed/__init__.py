"""Tests of making rules of observed traffic."""
