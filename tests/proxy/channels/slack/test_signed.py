"""Tests of Slack's signatures."""

import pytest

from proxy.channels.slack.signed import objection
from tests.proxy.channels.slack.workspace import SECRET, signed

BODY = b"payload=%7B%7D"
NOW = 1_700_000_000.0
OF_NOW = signed(BODY, at=NOW)
STAMP, SIGNATURE = OF_NOW["X-Slack-Request-Timestamp"], OF_NOW["X-Slack-Signature"]


def test_slacks_own_example() -> None:
    """The signature that Slack's documentation computes."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmib"
        b"IGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    told = {"stamp": "1531420618", "signature": signature, "body": body}
    assert objection(SECRET, **told, now=1531420618.0) is None  # type: ignore[arg-type]
    assert objection(SECRET, **told, now=1531420618.0 + 301) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("age", [0, 299, -299])
def test_of_these_minutes(age: float) -> None:
    """Within five of them either way."""
    assert objection(SECRET, stamp=STAMP, signature=SIGNATURE, body=BODY, now=NOW + age) is None


@pytest.mark.parametrize(
    ("stamp", "signature", "body", "now", "words"),
    [
        (STAMP, SIGNATURE, BODY, NOW + 301, "too long ago"),
        (STAMP, SIGNATURE, BODY, NOW - 301, "too long ago"),
        (STAMP, SIGNATURE, BODY + b" ", NOW, "not that of the app"),
        (str(int(NOW) + 1), SIGNATURE, BODY, NOW, "not that of the app"),
        (STAMP, SIGNATURE.upper(), BODY, NOW, "not signed"),
        (STAMP, "v0=" + "0" * 64, BODY, NOW, "not that of the app"),
        (STAMP, SIGNATURE.replace("v0=", "v1="), BODY, NOW, "not signed"),
        (STAMP, "", BODY, NOW, "not signed"),
        ("", SIGNATURE, BODY, NOW, "not signed"),
        ("-1", SIGNATURE, BODY, NOW, "not signed"),
        ("nan", SIGNATURE, BODY, NOW, "not signed"),
        ("\u0661", SIGNATURE, BODY, NOW, "not signed"),
        (STAMP, SIGNATURE + "\u00e9", BODY, NOW, "not signed"),
    ],
)
def test_forged(stamp: str, signature: str, body: bytes, now: float, words: str) -> None:
    """Each is refused with a word for why."""
    why = objection(SECRET, stamp=stamp, signature=signature, body=body, now=now)
    assert why is not None
    assert words in why


def test_another_secret() -> None:
    """Is not that of the app."""
    assert objection(SECRET + "x", stamp=STAMP, signature=SIGNATURE, body=BODY, now=NOW) is not None
