"""The request that these tests bend, and the strategies that bend it for them."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from rules.action import Action, Principal, bind
from rules.call import HttpCall
from rules.headers import Fields
from rules.message import Message
from rules.normalize import METHODS, VERSIONS, normalize
from rules.verdict import Refusal

HOST = (b"Host", b"api.pay.test")
JSON = (b"Content-Type", b"application/json")
FORM = (b"Content-Type", b"application/x-www-form-urlencoded")

PLAIN = Message(
    scheme="https",
    host="api.pay.test",
    port=443,
    sni="api.pay.test",
    method=b"POST",
    target=b"/v1/charges",
    fields=(HOST,),
    body=b"",
)


AGENT = Principal(human="ada", service="billing", agent="agent-7", session="s-1")
KEY = b"k" * 32


def carrying(*fields: tuple[bytes, bytes], **changes: Any) -> Message:
    """The plain request with further header fields and other parts."""
    return replace(PLAIN, fields=(*PLAIN.fields, *fields), **changes)


def accepted(message: Message) -> HttpCall:
    """The one reading of `message`, which must have one."""
    call = normalize(message)
    assert isinstance(call, HttpCall), call
    return call


def refusal(message: Message) -> Refusal:
    """Why `message` was refused, which it must have been."""
    result = normalize(message)
    assert isinstance(result, Refusal), result
    return result


def action_of(message: Message, principal: Principal = AGENT, *, declared: tuple[bytes, ...] = ()) -> Action:
    """What `message` asks for; `declared` are further names of credentials."""
    return bind(accepted(message), principal, credentials=frozenset(declared))


def assert_well_worded(reason: str) -> None:
    """A sentence for people: one line of ASCII, lower case at its start, no full stop at its end."""
    assert reason.isascii()
    assert reason.isprintable()
    assert not reason.endswith(".")
    assert not reason[0].isupper()


CHARGE = carrying(
    (b"User-Agent", b"agent/1.0"),
    (b"Authorization", b"Bearer secret-1"),
    JSON,
    (b"X-Account", b"acct_1"),
    (b"Connection", b"keep-alive"),
    (b"traceparent", b"00-1-1-00"),
    target=b"/v1/charges?expand=a",
    body=b'{"amount": 5, "currency": "usd"}',
)
"""A payment as a client library sends it."""

_NAMES = st.sampled_from(
    [
        b"Host",
        b"host",
        b"Content-Type",
        b"Content_Type",
        b"Content-Encoding",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Connection",
        b"Expect",
        b"Upgrade",
        b"Trailer",
        b"Prefer",
        b"Authorization",
        b"X-HTTP-Method-Override",
        b"X-Original-URL",
        b"X-Api-Key",
        b"X-Note",
    ]
)
_VALUES = st.sampled_from(
    [
        b"api.pay.test",
        b"API.pay.test:443",
        b"[::1]",
        b"application/json",
        b"application/json; charset=utf-16",
        b"application/x-www-form-urlencoded",
        b"gzip",
        b"deflate",
        b"0",
        b"2",
        b"chunked",
        b"close, content-type",
        b"100-continue",
        b"wait=5",
        b"\x00",
        b"a\r\nb",
        b"",
    ]
)
FIELDS: st.SearchStrategy[Fields] = st.lists(
    st.tuples(_NAMES | st.binary(max_size=12), _VALUES | st.binary(max_size=24)), max_size=8
).map(tuple)

_TARGET_PIECES = [
    *("/", "//", ".", "..", "...", "%2e", "%2E%2e", "%2f", "%5c", "\\", "%00", "%0a", "%20", " "),
    *("%25", "%252e", "25", "2f", "2e", "%u002f", ";", "%3b", "?", "#", "&", "=", "+", "a", "b[]"),
    *("A", "é", "%c3%a9", "%e2%80%ae", "%ef%bc%8f", "%ef%bc%8e", "%c0%ae", "%", "%f", "\x7f", "v1"),
]
TARGETS = st.lists(st.sampled_from(_TARGET_PIECES), max_size=9).map(lambda parts: "/" + "".join(parts))

_HOSTS = st.sampled_from(
    ["api.pay.test", "API.PAY.TEST", "api.pay.test.", "127.0.0.1", "127.1", "::1", "[::1]", ""]
) | st.text(max_size=12)

MESSAGES = st.builds(
    Message,
    scheme=st.sampled_from(["http", "https", "ws", ""]) | st.text(max_size=4),
    host=_HOSTS,
    port=st.sampled_from([443, 80, 8443]) | st.integers(),
    sni=st.none() | _HOSTS,
    method=st.sampled_from([m.encode() for m in sorted(METHODS)]) | st.binary(max_size=8),
    target=TARGETS.map(lambda t: t.encode("utf-8")) | st.binary(max_size=40),
    fields=FIELDS,
    body=st.sampled_from([b"", b"{}", b"a=1&b=2"]) | st.binary(max_size=60),
    version=st.sampled_from(sorted(VERSIONS)) | st.text(max_size=8),
)
"""Anything at all, near enough to a request that most checks get their turn."""


@st.composite
def readable(draw: st.DrawFn) -> Message:
    """Requests with one authority and a plausible head: most of them are accepted."""
    host, spelled = draw(
        st.sampled_from(
            [
                ("api.pay.test", b"api.pay.test"),
                ("API.Pay.Test", b"api.pay.TEST:443"),
                ("10.0.0.7", b"10.0.0.7"),
                ("2001:DB8::1", b"[2001:db8:0::1]"),
                ("[2001:db8::1]", b"[2001:db8::1]:443"),
            ]
        )
    )
    body = draw(st.sampled_from([b"", b"{}", b'{"a": [1.50, "x"]}', b"a=1&b=%41"]))
    kind = draw(st.sampled_from([JSON, FORM, (b"Content-Type", b"text/plain"), (b"X-A", b"1")]))
    extra = draw(
        st.lists(
            st.tuples(
                st.sampled_from([b"X-A", b"x-b", b"Accept", b"Prefer", b"Cookie"]),
                st.binary(max_size=8).map(lambda v: bytes(c for c in v if 32 < c < 127)),
            ),
            max_size=4,
        )
    )
    return Message(
        scheme="https",
        host=host,
        port=443,
        sni=draw(st.sampled_from([None, host])),
        method=draw(st.sampled_from([b"POST", b"PUT", b"PATCH", b"DELETE"])),
        target=draw(TARGETS).encode(),
        fields=((b"host", spelled), kind, *extra),
        body=body,
    )
