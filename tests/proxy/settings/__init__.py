"""Tests of `proxy/settings`."""
