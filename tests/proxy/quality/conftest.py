"""Fixtures of the tests of quality: those of the console."""

from tests.proxy.console.conftest import away

__all__ = ["away"]
