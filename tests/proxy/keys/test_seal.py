"""The seal: whatever is changed, nothing opens; and its key file."""

import secrets
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.keys.seal import Seal, SealError, load_or_create_key
from tests.proxy.crowd import processes, threads

KEY = bytes(range(32))
BOUND = {"part": "action", "hold_id": "01J", "digest": "ab", "rule": ""}
SEAL = Seal(KEY, domain="default")
TEXTS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4)


@given(plain=st.binary(max_size=300), bound=TEXTS)
def test_what_was_closed_opens(plain: bytes, bound: dict[str, str]) -> None:
    """The same key and the same binding open it, in whatever order the binding is written."""
    sealed = SEAL.close(plain, bound_to=bound)
    assert SEAL.open(sealed, bound_to=dict(reversed(bound.items()))) == plain


@given(bound=TEXTS, other=TEXTS)
def test_another_binding_opens_nothing(bound: dict[str, str], other: dict[str, str]) -> None:
    """Two bindings that differ at all never pass for one another."""
    sealed = SEAL.close(b"plain", bound_to=bound)
    if bound != other:
        with pytest.raises(SealError):
            SEAL.open(sealed, bound_to=other)


def test_any_changed_bit() -> None:
    """One bit of any byte: nonce, text or tag."""
    sealed = SEAL.close(b"transfer 7", bound_to=BOUND)
    for at in range(len(sealed)):
        for bit in range(8):
            changed = bytearray(sealed)
            changed[at] ^= 1 << bit
            with pytest.raises(SealError):
                SEAL.open(bytes(changed), bound_to=BOUND)


def test_any_other_length() -> None:
    """Cut at any place, on either side, or with something added."""
    sealed = SEAL.close(b"transfer 7", bound_to=BOUND)
    pieces = [sealed[:n] for n in range(len(sealed))] + [sealed[n:] for n in range(1, len(sealed) + 1)]
    for piece in [*pieces, sealed + b"\0", b"\0" + sealed, sealed * 2]:
        with pytest.raises(SealError):
            SEAL.open(piece, bound_to=BOUND)


@pytest.mark.parametrize(
    "other",
    [Seal(secrets.token_bytes(32), domain="default"), Seal(KEY, domain="other"), Seal(KEY, domain="")],
    ids=["key", "domain", "no domain"],
)
def test_another_key_or_domain(other: Seal) -> None:
    """What one approval domain sealed, no other one opens."""
    sealed = SEAL.close(b"plain", bound_to=BOUND)
    with pytest.raises(SealError, match="it was altered, exchanged, or its key is missing"):
        other.open(sealed, bound_to=BOUND)


def test_the_same_text_twice() -> None:
    """Equal texts are not seen to be equal, and nothing of them shows."""
    plain = b"transfer 7" * 10
    sealed = {SEAL.close(plain, bound_to=BOUND) for _ in range(1000)}
    assert len({text[:12] for text in sealed}) == 1000
    assert all(b"transfer" not in text for text in sealed)


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    """The first use makes it, later ones read it."""
    path = tmp_path / "seal.key"
    key = load_or_create_key(path)
    assert (len(key), path.read_bytes(), path.stat().st_mode & 0o777) == (32, key, 0o600)
    assert load_or_create_key(path) == key
    assert load_or_create_key(tmp_path / "other.key") != key


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_a_key_of_another_size(tmp_path: Path, size: int) -> None:
    """A cut or padded key is refused with the cure, and left as it is."""
    path = tmp_path / "seal.key"
    path.write_bytes(b"k" * size)
    path.chmod(0o600)
    with pytest.raises(ValueError, match=rf"`{path}` has {size} bytes instead of 32: restore it"):
        load_or_create_key(path)
    assert path.read_bytes() == b"k" * size


def test_a_key_that_others_can_read(tmp_path: Path) -> None:
    """A key of a wrong mode is no secret any more."""
    path = tmp_path / "seal.key"
    load_or_create_key(path)
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        load_or_create_key(path)


def test_a_link_to_nowhere(tmp_path: Path) -> None:
    """A mount that is not there yet is not answered with a new key beside it."""
    path = tmp_path / "seal.key"
    path.symlink_to(tmp_path / "mounted" / "seal.key")
    with pytest.raises(FileNotFoundError):
        load_or_create_key(path)


@pytest.mark.parametrize("workers", [threads, processes])
def test_made_by_many_at_once(tmp_path: Path, workers: Callable[[], Executor]) -> None:
    """Whoever starts first makes the key for all."""
    with workers() as pool:
        for attempt in range(10):
            path = tmp_path / f"{attempt}.key"
            jobs = [pool.submit(load_or_create_key, path) for _ in range(8)]
            assert {job.result() for job in jobs} == {path.read_bytes()}
