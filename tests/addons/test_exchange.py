"""What passes between the adapters and the gate."""

from dataclasses import FrozenInstanceError

import pytest

from addons.exchange import Admit, Passage, Request, Tunnel
from proxy.gate import Gate
from rules.message import Message

MESSAGE = Message(
    scheme="https", host="h.test", port=443, sni=None, method=b"GET", target=b"/", fields=(), body=b""
)


def test_leave_cannot_be_changed() -> None:
    """What was judged is what counts, to the end."""
    passage = Passage(address=("192.0.2.7", 443))
    request = Request(message=MESSAGE, gone=lambda: False)
    for frozen, name in ((passage, "address"), (request, "message")):
        with pytest.raises(FrozenInstanceError):
            setattr(frozen, name, None)
    assert Tunnel() == Tunnel()


def test_the_gate_is_what_the_adapters_ask() -> None:
    """It has everything that they call; the types are compared when this line is checked."""
    gate: type[Admit] = Gate
    assert all(callable(getattr(gate, name)) for name in ("admit", "connect", "failed"))


def test_secrets_are_not_shown_by_accident() -> None:
    """A passage is logged and shown in failures."""
    passage = Passage(address=("192.0.2.7", 443), secrets=((b"authorization", b"s3cret"),))
    assert "s3cret" not in repr(passage)
