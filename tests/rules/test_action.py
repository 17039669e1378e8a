"""The binding says exactly what would run; the fingerprint says only what it means."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import assume, given
from hypothesis import strategies as st

from rules.action import Action, Principal, bind, fingerprint, unbind
from rules.call import HttpCall
from rules.message import Message
from rules.normalize import normalize
from rules.verdict import Refusal
from tests.rules.messages import AGENT, CHARGE, JSON, KEY, PLAIN, action_of, carrying


def test_a_binding_has_every_part_that_will_run_and_no_secret() -> None:
    """The binding is plain JSON: credentials by name only, the body by its hash."""
    assert action_of(CHARGE).binding() == {
        "version": 1,
        "protocol": "http",
        "method": "POST",
        "scheme": "https",
        "host": "api.pay.test",
        "port": 443,
        "target": "/v1/charges?expand=a",
        "fields": [
            ["Host", "api.pay.test"],
            ["User-Agent", "agent/1.0"],
            ["Content-Type", "application/json"],
            ["X-Account", "acct_1"],
        ],
        "body_sha256": hashlib.sha256(CHARGE.body).hexdigest(),
        "principal": {
            "human": "ada",
            "service": "billing",
            "agent": "agent-7",
            "session": "s-1",
        },
        "credentials": ["authorization"],
    }


def test_the_digest_is_of_the_canonical_binding() -> None:
    """SHA-256 over RFC 8785, so that anybody can compute it from the binding alone."""
    action = action_of(CHARGE)
    assert action.digest == hashlib.sha256(rfc8785.dumps(action.binding())).hexdigest()
    assert "secret" not in json.dumps(action.binding())


def test_credentials_are_named_once_and_sorted() -> None:
    """A replay has to know what to supply, in whatever order and spelling it stood."""
    message = carrying((b"X-Api-Key", b"1"), (b"Cookie", b"a"), (b"cookie", b"b"), (b"X_House_Key", b"2"))
    action = action_of(message, declared=(b"x-house-key",))
    assert action.credentials == ("cookie", "x-api-key", "x_house_key")
    assert [name for name, _ in action.fields] == [b"Host"]


_URLS = {
    "https://api.pay.test/v1/charges": PLAIN,
    "https://api.pay.test:8443/v1/charges": replace(
        PLAIN, port=8443, fields=((b"Host", b"api.pay.test:8443"),)
    ),
    "http://api.pay.test/v1/charges": replace(PLAIN, scheme="http", port=80, sni=None),
    "https://[2001:db8::1]/v1/charges": replace(
        PLAIN, host="2001:db8::1", sni=None, fields=((b"Host", b"[2001:db8::1]"),)
    ),
}


@pytest.mark.parametrize(("url", "message"), _URLS.items(), ids=_URLS)
def test_the_url_is_as_people_write_it(url: str, message: Message) -> None:
    """Brackets around IPv6, no default port."""
    assert action_of(message).url == url


_OTHER_ACTIONS: dict[str, Action] = {
    "method": replace(action_of(CHARGE), method="PUT"),
    "method case": replace(action_of(CHARGE), method="post"),
    "scheme": replace(action_of(CHARGE), scheme="http"),
    "host": replace(action_of(CHARGE), host="api.pay.tesu"),
    "port": replace(action_of(CHARGE), port=8443),
    "path": replace(action_of(CHARGE), target="/v1/charget?expand=a"),
    "escape of the same path": replace(action_of(CHARGE), target="/v1/ch%61rges?expand=a"),
    "query": replace(action_of(CHARGE), target="/v1/charges?expand=b"),
    "body": replace(action_of(CHARGE), body=b'{"amount": 6, "currency": "usd"}'),
    "white space in the body": replace(action_of(CHARGE), body=CHARGE.body + b" "),
    "a header's case": replace(action_of(CHARGE), fields=((b"host", b"api.pay.test"),)),
    "no header": replace(action_of(CHARGE), fields=()),
    "human": replace(action_of(CHARGE), principal=replace(AGENT, human="bob")),
    "service": replace(action_of(CHARGE), principal=replace(AGENT, service="")),
    "agent": replace(action_of(CHARGE), principal=replace(AGENT, agent="agent-8")),
    "session": replace(action_of(CHARGE), principal=replace(AGENT, session="s-2")),
    "principal parts swapped": replace(
        action_of(CHARGE), principal=replace(AGENT, human="billing", service="ada")
    ),
    "credentials": replace(action_of(CHARGE), credentials=()),
    "moved between path and body": replace(
        action_of(CHARGE), target="/v1/charges?expand=", body=b"a" + CHARGE.body
    ),
}


@pytest.mark.parametrize("other", _OTHER_ACTIONS.values(), ids=_OTHER_ACTIONS)
def test_every_part_is_in_the_digest(other: Action) -> None:
    """An approval of one action is worth nothing for another."""
    assert other.digest != action_of(CHARGE).digest


def test_no_two_samples_share_a_digest() -> None:
    """All the samples of this file differ from each other, too."""
    digests = [action.digest for action in (action_of(CHARGE), *_OTHER_ACTIONS.values())]
    assert len(set(digests)) == len(digests)


_BYTES = st.binary(min_size=1, max_size=8)
_FIELDS = st.lists(st.tuples(_BYTES, _BYTES), min_size=2, max_size=4, unique=True).map(tuple)
_ACTIONS = st.builds(
    Action,
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    scheme=st.sampled_from(["http", "https"]),
    host=st.sampled_from(["a.test", "b.test", "::1"]),
    port=st.integers(1, 65535),
    target=st.text(st.characters(max_codepoint=126, min_codepoint=33), min_size=1, max_size=12),
    fields=_FIELDS,
    body=st.binary(min_size=1, max_size=12),
    principal=st.builds(Principal, human=st.text(max_size=3), session=st.text(max_size=3)),
    credentials=st.lists(st.sampled_from(["authorization", "cookie"]), unique=True).map(tuple),
)


def _flipped(value: bytes, at: int) -> bytes:
    place = at % len(value)
    return value[:place] + bytes([value[place] ^ (1 << at % 7)]) + value[place + 1 :]


def _one_change(action: Action, at: int) -> Iterator[Action]:
    """Copies of `action` that differ in one byte, or in an order or a repetition."""
    yield replace(action, body=_flipped(action.body, at))
    yield replace(action, target=_flipped(action.target.encode(), at).decode("latin-1"))
    yield replace(action, method=_flipped(action.method.encode(), at).decode("latin-1"))
    yield replace(action, host=_flipped(action.host.encode(), at).decode("latin-1"))
    yield replace(action, scheme="http" if action.scheme == "https" else "https")
    yield replace(action, port=action.port ^ (1 << at % 16))
    for index, (name, value) in enumerate(action.fields):
        before, after = action.fields[:index], action.fields[index + 1 :]
        yield replace(action, fields=(*before, (_flipped(name, at), value), *after))
        yield replace(action, fields=(*before, (name, _flipped(value, at)), *after))
        yield replace(action, fields=before + after)
        yield replace(action, fields=(*action.fields, (name, value)))
        yield replace(action, fields=(*before, (name + value[:1], value[1:]), *after))
    yield replace(action, fields=action.fields[::-1])
    yield replace(action, principal=replace(action.principal, human=action.principal.human + "x"))
    yield replace(action, principal=replace(action.principal, session="x" + action.principal.session))
    yield replace(action, credentials=(*action.credentials, "x-api-key"))


@given(_ACTIONS, st.integers(0, 1000))
def test_any_changed_byte_changes_the_digest(action: Action, at: int) -> None:
    """One flipped bit anywhere, or two fields swapped, is another action."""
    for changed in _one_change(action, at):
        assert changed != action
        assert changed.digest != action.digest


@given(_ACTIONS, _ACTIONS)
def test_only_equal_actions_share_a_digest(one: Action, other: Action) -> None:
    """The digest tells any two actions apart."""
    assert (one.digest == other.digest) is (one == other)


@given(_ACTIONS)
def test_a_binding_survives_storage(action: Action) -> None:
    """Through JSON and back, the action and its digest are the same."""
    restored = unbind(json.loads(json.dumps(action.binding())), action.body)
    assert restored == action
    assert restored.digest == action.digest


@given(_ACTIONS, st.binary(max_size=12))
def test_a_binding_takes_no_other_body(action: Action, body: bytes) -> None:
    """The body is bound by its hash."""
    assume(body != action.body)
    with pytest.raises(ValueError, match="does not describe its own body"):
        unbind(action.binding(), body)


_ODD: list[Any] = [None, True, 0, 1.0, "", "x", [], ["x"], [["a"]], [["a", "b", "c"]], {}, {"x": 1}]


@pytest.mark.parametrize("name", list(action_of(CHARGE).binding()))
@pytest.mark.parametrize("value", _ODD, ids=repr)
def test_one_changed_member_never_goes_unseen(name: str, value: Any) -> None:
    """Each changed member is refused, or makes an action with another digest."""
    action = action_of(CHARGE)
    changed = action.binding() | {name: value}
    try:
        restored = unbind(changed, action.body)
    except ValueError:
        return
    assert restored.digest != action.digest


_MISFITS: dict[str, dict[str, Any]] = {
    "a number's type": {"port": 443.0},
    "a version's type": {"version": True},
    "a version": {"version": 2},
    "a protocol": {"protocol": "mcp"},
    "a body's hash": {"body_sha256": "0" * 64},
    "upper-case hex": {"body_sha256": hashlib.sha256(CHARGE.body).hexdigest().upper()},
    "a further member": {"note": 1},
    "fields as text": {"fields": ["ab"]},
    "fields as a map": {"fields": {"ab": 1}},
    "a field of three": {"fields": [["a", "b", "c"]]},
    "a field beyond bytes": {"fields": [["a", "\u0100"]]},
    "a principal's further part": {"principal": action_of(CHARGE).binding()["principal"] | {"x": "y"}},
    "a principal's missing part": {"principal": {"human": "ada"}},
    "credentials as text": {"credentials": "cookie"},
}


@pytest.mark.parametrize("change", _MISFITS.values(), ids=_MISFITS)
def test_what_is_no_binding_is_refused(change: dict[str, Any]) -> None:
    """Whatever does not describe itself exactly raises one kind of error."""
    with pytest.raises(ValueError, match="the stored action"):
        unbind(action_of(CHARGE).binding() | change, CHARGE.body)


@pytest.mark.parametrize("name", list(action_of(CHARGE).binding()))
def test_a_missing_member_is_refused(name: str) -> None:
    """Nothing is filled in."""
    binding = action_of(CHARGE).binding()
    del binding[name]
    with pytest.raises(ValueError, match="the stored action"):
        unbind(binding, CHARGE.body)


_CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "evasions.jsonl"


def _pairs() -> list[Any]:
    """The corpus's pairs of requests that no hash may confuse."""
    if not _CORPUS.exists():
        return [pytest.param("", [], marks=pytest.mark.skip(reason=f"{_CORPUS.name} is not here"))]
    rows = [json.loads(line) for line in _CORPUS.read_text().splitlines()]
    pairs = [row for row in rows if row["transport"] == "hash-pair"]
    return [pytest.param(row["title"], row["segments"], id=row["id"]) for row in pairs]


def _raw(segment: dict[str, Any], agent: str) -> Message:
    """The request whose exact bytes the corpus has."""
    head, _, body = base64.b64decode(segment["b64"]).partition(b"\r\n\r\n")
    line, *rest = head.split(b"\r\n")
    method, target, _ = line.split(b" ")
    scheme, separator, place = target.partition(b"://")
    fields = tuple((n, v.strip()) for n, _, v in (field.partition(b":") for field in rest))
    host, _, port = dict(fields)[b"Host"].decode().partition(":")
    path = b"/" + place.partition(b"/")[2] if separator else target
    default = 80 if separator else 443
    return Message(
        scheme=scheme.decode() if separator else "https",
        host=host,
        port=int(port or default),
        sni=None,
        method=method,
        target=path,
        fields=fields,
        body=body,
    )


def _unread(message: Message) -> Action:
    """The action of a request as it stands, whether or not it would be accepted."""
    return Action(
        method=message.method.decode(),
        scheme=message.scheme,
        host=message.host,
        port=message.port,
        target=message.target.decode(),
        fields=message.fields,
        body=message.body,
        principal=AGENT,
    )


@pytest.mark.parametrize(("title", "segments"), _pairs())
def test_no_pair_of_the_corpus_shares_a_digest(title: str, segments: list[dict[str, Any]]) -> None:
    """Each pair differs as it stands, and as it is read where both are accepted."""
    one, other = (_raw(segment, title) for segment in segments)
    assert _unread(one).digest != _unread(other).digest
    calls = normalize(one), normalize(other)
    if not isinstance(calls[0], Refusal) and not isinstance(calls[1], Refusal):
        bound = [bind(call, AGENT, credentials=frozenset()) for call in calls]  # type: ignore[arg-type]
        assert bound[0].digest != bound[1].digest
        assert len({fingerprint(a, c, KEY) for a, c in zip(bound, calls, strict=True)}) == 2  # type: ignore[arg-type]


def test_an_action_is_read_as_the_call_it_was_made_of() -> None:
    """As a message it has the one reading that was approved, without its credentials."""
    sent = carrying(JSON, (b"Authorization", b"Bearer x"), body=b'{"amount": 5}')
    action = action_of(sent)
    again = normalize(action.message())
    assert isinstance(again, HttpCall)
    assert bind(again, AGENT, credentials=frozenset()) == replace(action, credentials=())
