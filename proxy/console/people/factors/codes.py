"""Codes of six digits that change every thirty seconds (RFC 6238), each good for one use."""

import hmac
from base64 import b32decode, b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP = 30
DIGITS = 6
SECRET_BYTES = 20


def secret_of(random: bytes) -> str:
    """A secret as people type it into their device."""
    return b32encode(random[:SECRET_BYTES]).decode("ascii")


def step_of(secret: str, code: str, *, now: datetime, used: int) -> int | None:
    """The step of time whose code this is: of now, or one beside it, and later than `used`."""
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    current = int(now.timestamp()) // STEP
    fitting = [n for n in range(current - 1, current + 2) if hmac.compare_digest(code_at(secret, n), code)]
    return next((step for step in fitting if step > used), None)


def code_at(secret: str, step: int) -> str:
    """The code of one step of time."""
    # Authenticators know SHA-1 alone; HMAC does not need a hash without collisions.
    totp = TOTP(b32decode(secret), DIGITS, SHA1(), STEP)  # noqa: S303
    return totp.generate(step * STEP).decode("ascii")


def address_of(secret: str, *, name: str, place: str) -> str:
    """What a device reads in place of a typed secret."""
    said = urlencode({"secret": secret, "issuer": "Sidegate", "digits": DIGITS, "period": STEP})
    return f"otpauth://totp/{quote(f'Sidegate {place}:{name}', safe=':')}?{said}"
