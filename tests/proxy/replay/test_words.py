"""What is said of a failed exchange: enough to act on, and nothing that the other side wrote."""

import ssl

import httpx2
import pytest

from proxy.replay.line import Unheard, Unsent
from proxy.replay.words import why

CASES: dict[str, tuple[BaseException, str]] = {
    "unsent": (Unsent("the journal is full"), "the journal is full"),
    "unheard": (Unheard("no answer of the store"), "no answer of the store"),
    "time": (TimeoutError("secret"), "the time for the upstream ran out"),
    "connecting": (httpx2.ConnectTimeout("secret"), "the upstream did not take a connection in time"),
    "no connection": (httpx2.ConnectError("secret"), "no connection to the upstream"),
    "cut": (
        httpx2.RemoteProtocolError("secret"),
        "the connection to the upstream ended before its whole answer was there",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_said(case: str) -> None:
    """One sentence for each way to fail, none of it from the wire."""
    error, said = CASES[case]
    assert why(error) == said


def test_the_systems_own_words_are_kept() -> None:
    """They say what to repair."""
    refused, tls = httpx2.ConnectError("x"), httpx2.ConnectError("x")
    refused.__cause__ = ConnectionRefusedError(111, "Connection refused")
    tls.__cause__ = ssl.SSLError()
    tls.__cause__.reason = "WRONG_VERSION_NUMBER"
    assert why(refused) == "no connection to the upstream: connection refused"
    assert why(tls) == "TLS with the upstream failed: wrong version number"
