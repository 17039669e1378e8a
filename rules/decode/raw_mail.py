"""Mail that a body carries whole: text of RFC 5322 in base64, as Gmail's `raw` has it."""

import base64
import binascii
import re
from email.parser import BytesHeaderParser
from email.utils import getaddresses

MAX_HEAD = 64 * 1024
"""Bytes of the mail in which its head must end."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_FIELDS = ("to", "cc", "bcc", "resent-to", "resent-cc", "resent-bcc")
_TO_URL_SAFE = str.maketrans("+/", "-_")


def recipients(text: str) -> tuple[str, ...] | None:
    """Everybody to whom the mail in `text` goes, each once; None where it is no mail. Never raises."""
    head = _head(text)
    if head is None:
        return None
    fields = BytesHeaderParser().parsebytes(head)
    named = [str(value) for name in _FIELDS for value in fields.get_all(name, [])]
    if not named and "from" not in fields:
        return None
    return tuple(dict.fromkeys(address for _, address in getaddresses(named) if address))


def _head(text: str) -> bytes | None:
    """The decoded beginning of `text`, up to its first empty line."""
    begin = text[: MAX_HEAD // 3 * 4]
    if not _BASE64.fullmatch(begin.replace("\n", "").replace("\r", "")):
        return None
    plain = begin.replace("\n", "").replace("\r", "").rstrip("=").translate(_TO_URL_SAFE)
    try:
        decoded = base64.urlsafe_b64decode(plain[: len(plain) // 4 * 4] + _rest(plain))
    except (binascii.Error, ValueError):
        return None
    return re.split(rb"\r?\n\r?\n", decoded, maxsplit=1)[0] if b":" in decoded else None


def _rest(plain: str) -> str:
    """The characters after the last whole group, filled up."""
    rest = plain[len(plain) // 4 * 4 :]
    return rest + "=" * (-len(rest) % 4)
