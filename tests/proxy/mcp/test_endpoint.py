"""What an HTTP answer says to the call that it is the answer of."""

import json

import pytest

from proxy.mcp.calls import as_reply
from proxy.mcp.endpoint import answer_in
from rules.mcp.message import Request
from rules.reply import Reply

_REQUEST = Request(id="a", method="tools/call")
_EVENTS = ((b"Content-Type", b"text/event-stream"),)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(status=200, body=b'{"jsonrpc":"2.0","id":"a","result":{}}'), 200),
        (Reply(status=200, body=b'{"jsonrpc":"2.0","id":"a","result":{"isError":true}}'), 500),
        (Reply(status=400, body=b'{"jsonrpc":"2.0","id":"a","error":{"code":-1,"message":"m"}}'), 500),
        (Reply(status=401, body=b"who are you?"), 500),
        (
            Reply(
                status=200,
                fields=_EVENTS,
                body=b'data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n'
                b'data: {"jsonrpc":"2.0","id":"a","result":{}}\n\n',
            ),
            200,
        ),
    ],
    ids=["result", "error result", "error", "no message", "events"],
)
def test_an_answer_is_kept(reply: Reply, status: int) -> None:
    """Also the one that says that it failed."""
    kept = as_reply(answer_in(reply, _REQUEST))
    assert kept.status == status
    assert json.loads(kept.body)["id"] == 0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=202),
        Reply(status=200, body=b'{"jsonrpc":"2.0","id":"b","result":{}}'),
        Reply(status=200, fields=_EVENTS, body=b'data: {"jsonrpc":"2.0","id":"a","res'),
    ],
    ids=["accepted", "another's", "cut"],
)
def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(reply: Reply) -> None:
    """The call may have run."""
    with pytest.raises(ConnectionError):
        answer_in(reply, _REQUEST)
