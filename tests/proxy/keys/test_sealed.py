"""Sealed contents of holds: bound to every clear field, so none can be changed or exchanged."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.keys.keyring import Keyring
from proxy.keys.seal import SealError
from proxy.keys.sealed import Sealed
from proxy.store.record import Draft
from rules.action import Action, Principal
from rules.hold import Hold, State
from rules.reply import Reply
from rules.verdict import ReasonId, Tier
from tests.proxy.console.world import ACTION
from tests.proxy.drafts import draft

SEALED = Sealed(Keyring([bytes(32)], domain="default"))
REPLY = Reply(
    status=201, phrase="Created", fields=((b"X-Nonce", b"caf\xe9"), (b"x-nonce", b"2")), body=b"\x00ok"
)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
FIELDS: dict[str, Any] = {
    "hold_id": "other",
    "digest": "0" * 64,
    "fingerprint": "0" * 64,
    "idempotency_key": "mine",
    "tier": Tier.EXTERNAL,
    "rule": "other",
    "reason_id": ReasonId.DEFAULT_WRITE,
    "reason": "harmless",
    "policy": "0" * 64,
    "credential": "other 1",
}
CHANGING: dict[str, Any] = {
    "state": State.APPROVED,
    "fence": 3,
    "attempts": 9,
    "note": "n",
    "decided_by": "ada",
    "collected": True,
}


def hold_of(made: Draft) -> Hold:
    """The hold that the store makes of `made`."""
    same = {name: getattr(made, name) for name in FIELDS}
    return Hold(**same, created_at=NOW, decide_by=NOW + timedelta(hours=1), state=State.PENDING, fence=0)


def sealed_hold(action: Action = ACTION, **changes: object) -> tuple[Hold, bytes]:
    """A hold of `action` and its sealed text."""
    made = draft(digest=action.digest, **changes)
    return hold_of(made), SEALED.close_action(made, action)


def test_an_action_comes_back_whole() -> None:
    """Every byte of the action: target, header bytes, body, principal, names of credentials."""
    action = replace(
        ACTION,
        target="/a%20b?c=%F0%9F%92%A3&d",
        fields=((b"X-B", b"\xff\xfe\t1"), (b"x-b", b""), (b"A", b'"\\\n')),
        body=bytes(range(256)) + b"\n{}\n",
        principal=Principal(human="Zoë", service="s", agent="a", session="\u202e"),
        credentials=("authorization", "x-api-key"),
    )
    assert SEALED.open_action(*sealed_hold(action)) == action


@given(
    status=st.integers(200, 599),
    fields=st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8)), max_size=4),
    body=st.binary(max_size=200),
)
def test_an_answer_comes_back_whole(status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    """Any status, headers and body."""
    hold, _ = sealed_hold()
    reply = Reply(status=status, phrase="Schön", fields=tuple(fields), body=body)
    assert SEALED.open_answer(hold, SEALED.close_answer(hold, reply)) == reply


@pytest.mark.parametrize(("name", "value"), FIELDS.items())
def test_every_clear_field_is_bound(name: str, value: Any) -> None:
    """A hold in which one immutable field was changed opens neither as action nor as answer."""
    hold, action = sealed_hold()
    answer = SEALED.close_answer(hold, REPLY)
    changed = replace(hold, **{name: value})
    with pytest.raises(SealError):
        SEALED.open_action(changed, action)
    with pytest.raises(SealError):
        SEALED.open_answer(changed, answer)


@pytest.mark.parametrize("name", [name for name, value in FIELDS.items() if isinstance(value, str)])
def test_one_character_of_every_clear_field(name: str) -> None:
    """It takes one character, anywhere in the field."""
    hold, sealed = sealed_hold()
    text = str(getattr(hold, name))
    for at in range(len(text)):
        changed: dict[str, Any] = {name: text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]}
        with pytest.raises(SealError):
            SEALED.open_action(replace(hold, **changed), sealed)


def test_no_rule_is_not_the_rule_with_no_name() -> None:
    """A hold without a rule stays one: the store writes it as an empty text."""
    hold, sealed = sealed_hold(rule=None)
    assert SEALED.open_action(replace(hold, rule=None), sealed) == ACTION
    with pytest.raises(SealError):
        SEALED.open_action(replace(hold, rule="None"), sealed)


@pytest.mark.parametrize(("name", "value"), CHANGING.items())
def test_what_changes_in_a_life_is_not_bound(name: str, value: Any) -> None:
    """The hold goes on through its states and still opens."""
    hold, sealed = sealed_hold()
    assert SEALED.open_action(replace(hold, **{name: value}), sealed) == ACTION


def test_any_changed_byte() -> None:
    """One byte anywhere in either sealed text."""
    hold, action = sealed_hold(replace(ACTION, body=b"7"))
    answer = SEALED.close_answer(hold, REPLY)
    for at in range(len(action)):
        with pytest.raises(SealError):
            SEALED.open_action(hold, action[:at] + bytes([action[at] ^ 0x80]) + action[at + 1 :])
    for at in range(len(answer)):
        with pytest.raises(SealError):
            SEALED.open_answer(hold, answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :])


@pytest.mark.parametrize(
    "text", [None, b"", b"x", b"x" * 12, b"x" * 28, b"x" * 4000], ids=lambda t: str(t)[:9]
)
def test_no_sealed_text_at_all(text: bytes | None) -> None:
    """Missing, empty, too short, or of random bytes."""
    hold, _ = sealed_hold()
    with pytest.raises(SealError):
        SEALED.open_action(hold, text)
    with pytest.raises(SealError):
        SEALED.open_answer(hold, text)


def test_cut_short() -> None:
    """A sealed text without its last bytes."""
    hold, sealed = sealed_hold()
    for size in range(len(sealed)):
        with pytest.raises(SealError):
            SEALED.open_action(hold, sealed[:size])


def test_texts_of_two_holds_exchanged() -> None:
    """The contents of one hold do not fit another, though both are of the same action."""
    one, sealed_one = sealed_hold()
    other, sealed_other = sealed_hold()
    for hold, sealed in ((one, sealed_other), (other, sealed_one)):
        with pytest.raises(SealError):
            SEALED.open_action(hold, sealed)


def test_the_parts_exchanged() -> None:
    """An answer is no action and an action is no answer."""
    hold, action = sealed_hold()
    answer = SEALED.close_answer(hold, REPLY)
    with pytest.raises(SealError):
        SEALED.open_action(hold, answer)
    with pytest.raises(SealError):
        SEALED.open_answer(hold, action)


def test_another_action_under_the_approved_digest() -> None:
    """Whoever has the key and seals another action cannot pass it off as the approved one."""
    made = draft(digest=ACTION.digest)
    other = replace(ACTION, body=b'{"amount": 7000}')
    sealed = SEALED.close_action(made, other)
    with pytest.raises(SealError, match="not the one that was approved"):
        SEALED.open_action(hold_of(made), sealed)


@pytest.mark.parametrize("head", [{}, {"version": 1}, ACTION.binding() | {"port": "443"}], ids=str)
def test_a_sealed_text_that_is_no_action(head: dict[str, object]) -> None:
    """What was sealed by something else than this version is refused and not guessed at."""
    made = draft(digest=ACTION.digest)
    sealed = SEALED._close(made, "action", head, ACTION.body)
    with pytest.raises(SealError, match="not a binding"):
        SEALED.open_action(hold_of(made), sealed)


def test_nothing_shows() -> None:
    """Neither sealed text shows anything of what is in it."""
    hold, action = sealed_hold()
    text = action + SEALED.close_answer(hold, REPLY)
    clear = json.dumps(ACTION.binding()).encode()
    for planted in (b"bank.example", b"transfers", b"amount", b"Created", b"application/json"):
        assert planted not in text
        assert planted in clear + ACTION.body + REPLY.phrase.encode()
