"""Tests of what channels share."""

from proxy.channels.settings import Channels
from tests.proxy.channels.stage import LINK, placed


def test_where_a_person_decides() -> None:
    """On the console's page of the hold."""
    assert placed(Channels()).hold_link("01X") == f"{LINK}/holds/01X"
