"""What a credential is given and what it gives."""

from proxy.credentials.supply import Outgoing, Supplied
from tests.proxy.console.world import ACTION


def test_a_request_about_to_leave() -> None:
    """The approved action with the fields that go out, and no others."""
    fields = ((b"Host", b"bank.example"), (b"Idempotency-Key", b"k"))
    out = Outgoing.of(ACTION, fields)
    assert (out.method, out.scheme, out.host, out.port) == (
        ACTION.method,
        ACTION.scheme,
        ACTION.host,
        ACTION.port,
    )
    assert (out.target, out.fields, out.body) == (ACTION.target, fields, ACTION.body)


def test_labels() -> None:
    """By name, whatever the order; nothing for nothing."""
    assert Supplied().label == ""
    one, other = Supplied(generations={"b": "2", "a": "1"}), Supplied(generations={"a": "1", "b": "2"})
    assert one.label == other.label == "a@1 b@2"


def test_no_secret_is_shown_by_accident() -> None:
    """Neither in a log nor in a traceback."""
    assert "s3cret" not in repr(Supplied(fields=((b"Authorization", b"Bearer s3cret"),)))
