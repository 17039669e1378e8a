"""Codes of six digits."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest

from proxy.console.people.factors.codes import address_of, code_at, secret_of, step_of

SECRET = b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEP = int(NOW.timestamp()) // 30


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_the_vectors_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238 appendix B, the last six digits."""
    assert code_at(SECRET, seconds // 30) == code


@pytest.mark.parametrize(("ahead", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(ahead: int, fits: bool) -> None:
    """And no more."""
    found = step_of(SECRET, code_at(SECRET, STEP + ahead), now=NOW, used=0)
    assert found == (STEP + ahead if fits else None)


def test_no_code_twice_and_none_before_it() -> None:
    """Neither the one that was used nor an older one."""
    for ahead, fits in ((-1, False), (0, False), (1, True)):
        code = code_at(SECRET, STEP + ahead)
        assert (step_of(SECRET, code, now=NOW, used=STEP) is not None) == fits


@pytest.mark.parametrize(
    "code",
    [
        "",
        "12345",
        "1234567",
        "12345a",
        " 12345",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        "-12345",
        "\x00" * 6,
    ],
)
def test_anything_else_is_none(code: str) -> None:
    """Whatever its letters."""
    assert step_of(SECRET, code, now=NOW, used=0) is None


def test_what_a_device_reads() -> None:
    """A name with odd letters stays one name."""
    secret = secret_of(bytes(range(32)))
    assert len(secret) == 32
    address = address_of(secret, name="a&b?c", place="console.example")
    assert address.startswith("otpauth://totp/Sidegate%20console.example:a%26b%3Fc?secret=")
    later = NOW + timedelta(seconds=30)
    assert step_of(secret, code_at(secret, STEP), now=later, used=0) == STEP
