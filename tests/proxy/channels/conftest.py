"""Fixtures of the channels' tests: a real store, and real servers that keep what they are told."""

from collections.abc import Iterator

import pytest

from tests.proxy.channels.listener import Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody who is told over HTTP."""
    with Listener() as listener:
        yield listener
