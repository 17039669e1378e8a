"""Fixtures of the tests of quality: those of the console."""

from tests.proxy.console.conftest import away, world

__all__ = ["away", "world"]
