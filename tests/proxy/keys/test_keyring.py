"""The keyring: data keys wrapped by the newest key, unwrapped by every known one, bound to their hold."""

import os
from collections.abc import Sequence

import pytest

from proxy.keys.keyring import KeyMissing, Keyring
from proxy.keys.seal import SealError

OLD, NEW = os.urandom(32), os.urandom(32)
BOUND = {"hold_id": "01J", "digest": "ab"}
DATA = os.urandom(32)


def ring(*keys: bytes) -> Keyring:
    """A keyring of one domain."""
    return Keyring(keys, domain="books")


def test_the_newest_wraps_and_all_unwrap() -> None:
    """A key that was the newest goes on unwrapping."""
    old = ring(OLD).wrap(DATA, bound_to=BOUND)
    both = ring(NEW, OLD)
    new = both.wrap(DATA, bound_to=BOUND)
    assert both.unwrap(old, bound_to=BOUND) == both.unwrap(new, bound_to=BOUND) == DATA
    assert (both.newest(old), both.newest(new)) == (False, True)
    assert both.ids == [ring(NEW).ids[0], ring(OLD).ids[0]]


def test_replacing_forgets_no_key() -> None:
    """What was opened a moment ago still opens."""
    keyring = ring(OLD)
    wrapped = keyring.wrap(DATA, bound_to=BOUND)
    keyring.replace([NEW])
    assert keyring.unwrap(wrapped, bound_to=BOUND) == DATA
    assert not keyring.newest(wrapped)


def test_a_key_that_is_not_known() -> None:
    """It is named, by a name that says nothing about it; nothing was altered."""
    wrapped = ring(NEW).wrap(DATA, bound_to=BOUND)
    with pytest.raises(KeyMissing, match=f"`{ring(NEW).ids[0]}` is not known here: restore it"):
        ring(OLD).unwrap(wrapped, bound_to=BOUND)


def test_a_key_that_came_meanwhile() -> None:
    """The keys are read again, though not for every odd name."""
    asked = []

    def read() -> Sequence[bytes]:
        asked.append(1)
        return [NEW, OLD]

    keyring = Keyring([OLD], domain="books", read=read)
    assert keyring.unwrap(ring(NEW).wrap(DATA, bound_to=BOUND), bound_to=BOUND) == DATA
    for _ in range(100):
        with pytest.raises(KeyMissing):
            keyring.unwrap("00" * 68, bound_to=BOUND)
    assert len(asked) <= 2


@pytest.mark.parametrize("error", [OSError("gone"), ValueError("cut")], ids=["gone", "cut"])
def test_keys_that_cannot_be_read_again(error: Exception) -> None:
    """The key is missing, and nothing else happens."""

    def read() -> Sequence[bytes]:
        raise error

    with pytest.raises(KeyMissing):
        Keyring([OLD], domain="books", read=read).unwrap("00" * 68, bound_to=BOUND)


def test_any_changed_digit() -> None:
    """Anywhere in the wrapped key, in any way, also in the way it is spelt."""
    wrapped = ring(OLD).wrap(DATA, bound_to=BOUND)
    spelt = [wrapped.upper(), wrapped + " ", wrapped[:-1], wrapped[:-2], wrapped + "00", "", "zz", "\ufffd"]
    cut = [
        wrapped[:at] + ("0" if wrapped[at] != "0" else "1") + wrapped[at + 1 :] for at in range(len(wrapped))
    ]
    for changed in (*spelt, *cut):
        with pytest.raises(SealError):
            ring(OLD).unwrap(changed, bound_to=BOUND)


@pytest.mark.parametrize("other", [{"hold_id": "01K"}, {"digest": "ac"}], ids=str)
def test_another_hold(other: dict[str, str]) -> None:
    """A data key belongs to its hold alone."""
    with pytest.raises(SealError):
        ring(OLD).unwrap(ring(OLD).wrap(DATA, bound_to=BOUND), bound_to=BOUND | other)


def test_every_hold_has_its_own() -> None:
    """No two data keys are equal, and none shows."""
    keyring = ring(OLD)
    made = {keyring.unwrap(keyring.fresh(bound_to=BOUND), bound_to=BOUND) for _ in range(100)}
    assert len(made) == 100
    assert OLD.hex() not in keyring.wrap(DATA, bound_to=BOUND)


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, b""]], ids=["none", "short", "one empty"])
def test_what_is_no_keyring(keys: list[bytes]) -> None:
    """Keys of another size are refused."""
    with pytest.raises(ValueError, match="32 bytes"):
        ring(*keys)
