"""Servers of the sinks' tests."""

from collections.abc import Iterator

import pytest

from tests.proxy.channels.listener import Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Somebody who is told over HTTP."""
    with Listener() as listener:
        yield listener
