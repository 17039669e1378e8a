"""What is believed of an answer, and what a person is told of what is not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.credentials.sources.answer import Denied, check, oauth_token, skewed, until
from proxy.credentials.sources.endpoint import Said
from proxy.credentials.sources.secret import CredentialError
from rules.request.strict_json import parse

GOOD = {"access_token": "t", "token_type": "Bearer", "expires_in": 1800}


def said(content: dict[str, Any], *, status: int = 200, ahead: float | None = None) -> Said:
    """An answer with that content."""
    return Said(status=status, content=content, ahead=ahead)


LIFETIMES: dict[str, tuple[bytes, float | None]] = {
    "usual": (b"1800", 1800.0),
    "none": (b"null", None),
    "text": (b'"3600"', 3600.0),
    "a fraction": (b"1.5", 1.5),
    "huge": (b"999999999999", 604800.0),
    "huge text": (b'"999999999999"', 604800.0),
}


@pytest.mark.parametrize("case", LIFETIMES)
def test_lifetimes(case: str) -> None:
    """As numbers, and as the text that some servers write; nothing lasts longer than a week."""
    written, expected = LIFETIMES[case]
    content = parse(b'{"access_token": "t", "expires_in": %b}' % written)
    assert isinstance(content, dict)
    assert oauth_token(said(content)).lifetime == expected


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no token": ({"access_token": None}, "no `access_token` that a header can carry"),
    "a number for a token": ({"access_token": 7}, "no `access_token`"),
    "an empty token": ({"access_token": ""}, "no `access_token`"),
    "a line end": ({"access_token": "t\r\nX: 1"}, "no `access_token`"),
    "a last line end": ({"access_token": "t\n"}, "no `access_token`"),
    "a space": ({"access_token": "t t"}, "no `access_token`"),
    "another alphabet": ({"access_token": "té"}, "no `access_token`"),
    "an endless token": ({"access_token": "t" * 16385}, "no `access_token`"),
    "a bad refresh token": ({"refresh_token": "\x00"}, "no `refresh_token`"),
    "negative": ({"expires_in": -1}, "has expired already"),
    "zero": ({"expires_in": 0}, "has expired already"),
    "zero as text": ({"expires_in": "0"}, "has expired already"),
    "words": ({"expires_in": "soon"}, "`expires_in` that is no number of seconds"),
    "digits of another script": ({"expires_in": "\u0661\u0662"}, "no number of seconds"),
    "a truth": ({"expires_in": True}, "no number of seconds"),
    "a list": ({"expires_in": [1]}, "no number of seconds"),
    "proof of possession": ({"token_type": "DPoP"}, "no bearer tokens"),
    "no type": ({"token_type": 7}, "no bearer tokens"),
}


@pytest.mark.parametrize("case", BAD)
def test_answers_that_are_not_believed(case: str) -> None:
    """Before anything is sent with them."""
    changes, words = BAD[case]
    with pytest.raises(CredentialError, match=words):
        oauth_token(said(GOOD | changes))


REFUSALS: dict[str, tuple[int, object, str, bool]] = {
    "a dead grant": (400, "invalid_grant", "`invalid_grant`: what it was given is expired, revoked", True),
    "a wrong secret": (401, "invalid_client", "`invalid_client`: correct the client's id and secret", True),
    "a scope": (400, "invalid_scope", "correct the scope", True),
    "another one": (400, "login_required", "`login_required`: correct what the configuration says", True),
    "an error with success": (200, "invalid_grant", "`invalid_grant`", True),
    "a secret for a code": (400, "the secret hunter2 is wrong", "refuses with `status 400`", True),
    "an object for a code": (403, {"code": "hunter2"}, "refuses with `status 403`", True),
    "a failure": (503, None, "failure of its own (status 503)", False),
    "a failure with a code": (500, "invalid_grant", "failure of its own (status 500)", False),
    "too many": (429, "slow_down", "failure of its own (status 429)", False),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(case: str) -> None:
    """Each with its cure; what a person has to do is told apart from what passes by itself."""
    status, error, words, denied = REFUSALS[case]
    with pytest.raises(CredentialError) as caught:
        check(said({}, status=status), error=error)  # type: ignore[arg-type]  # any JSON value
    assert words in str(caught.value)
    assert isinstance(caught.value, Denied) is denied
    assert "hunter2" not in str(caught.value)


def test_a_wrong_clock_is_said() -> None:
    """In a refusal that it may be the reason of, and by how much in which direction."""
    with pytest.raises(Denied, match="clock is 7200 s ahead of the endpoint's: set it"):
        check(said({}, status=400, ahead=7200.4), error="invalid_grant")
    assert skewed(-61.0) == "; this machine's clock is 61 s behind the endpoint's: set it"
    assert (skewed(60.0), skewed(None)) == ("", "")


def test_an_end_by_the_endpoints_clock() -> None:
    """A wrong clock of ours does not shorten or lengthen what it gave."""
    end = "2026-11-23T12:00:00Z"
    noon = 1795435200.0
    assert until(end, said=said({}, ahead=500.0), now=noon - 100) == 600.0
    assert until("2026-11-23T12:00:00", said=said({}), now=noon - 100) == 100.0
    assert until(None, said=said({}), now=noon) is None
    for bad in ("noon", end):
        with pytest.raises(CredentialError):
            until(bad, said=said({}), now=noon)


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "refresh_token", "error", "ok"]), st.none() | st.text() | st.integers()
    )
)
def test_nothing_else_is_raised(content: dict[str, Any]) -> None:
    """Whatever an endpoint answers, it is a token or a CredentialError."""
    try:
        token = oauth_token(said(content))
    except CredentialError:
        return
    assert token.text.isascii()
