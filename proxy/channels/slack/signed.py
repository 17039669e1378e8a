"""Which requests are Slack's own: signed with the app's secret, of these minutes, and heard once."""

import hmac
import re
from hashlib import sha256

_WINDOW_SECONDS = 300
_STAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def objection(secret: str, *, stamp: str, signature: str, body: bytes, now: float) -> str | None:
    """What speaks against a request being Slack's, or None."""
    if not _STAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
        return "it is not signed"
    made = hmac.digest(secret.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hex()
    if not hmac.compare_digest(f"v0={made}", signature):
        return "its signature is not that of the app"
    if abs(now - int(stamp)) > _WINDOW_SECONDS:
        return "it was signed too long ago, or the clocks are apart"
    return None
