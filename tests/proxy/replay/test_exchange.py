"""What goes out with an approved request; the exchange itself is tried by every test of the replayer."""

from proxy.replay.exchange import outgoing_fields
from rules.action import Action, Principal

_ACTION = Action(
    method="POST",
    scheme="https",
    host="bank.example",
    port=443,
    target="/pay",
    fields=((b"Host", b"bank.example"), (b"Idempotency-Key", b"agent's"), (b"X-Once", b"agent's too")),
    body=b"{}",
    principal=Principal(),
)


def test_our_key_takes_the_place_of_the_agents() -> None:
    """In the header that the upstream knows, and the agent's own is not sent under the usual name either."""
    assert outgoing_fields(_ACTION, "X-Once", "k1") == (
        (b"Host", b"bank.example"),
        (b"Content-Length", b"2"),
        (b"X-Once", b"k1"),
    )
