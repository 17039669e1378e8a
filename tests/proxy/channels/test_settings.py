"""Tests of `channels` in the configuration: what cannot work is refused with the cure."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from proxy.channels.settings import OUTCOMES, Channels, SecretPlace
from proxy.credentials.sources.secret import CredentialError
from rules.hold import State

HOOK: dict[str, Any] = {"name": "ops", "url": "https://hooks.example/x", "secrets": [{"env": "HOOK"}]}

SLACK: dict[str, Any] = {"channel": "C012", "token": {"env": "T"}, "signing_secret": {"env": "S"}}
MAIL: dict[str, Any] = {
    "host": "smtp.books.example",
    "sender": "sidegate@books.example",
    "recipients": [{"address": "ada@books.example", "reviewer": "ada"}],
}


def test_defaults() -> None:
    """Nobody is told; a webhook is for programs, and is told of everything but the steps of a sending."""
    assert Channels().webhooks == ()
    [hook] = _read({"webhooks": [HOOK]}).webhooks
    assert (hook.events, hook.people) == (OUTCOMES, False)
    both = _read({"slack": SLACK, "mail": MAIL})
    assert both.slack
    assert both.slack.url == "https://slack.com/api"
    assert both.mail
    assert (both.mail.port, both.mail.security) == (587, "starttls")
    assert set(State) - set(OUTCOMES) == {State.CLAIMED, State.SENDING}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"webhooks": [HOOK | {"name": "Ops!"}]}, "webhook's name"),
        ({"webhooks": [HOOK, HOOK]}, "two webhooks"),
        ({"webhooks": [HOOK | {"url": "http://hooks.example/x"}]}, "https://"),
        ({"webhooks": [HOOK | {"url": "https://u:p@hooks.example/x"}]}, "plain url"),
        ({"webhooks": [HOOK | {"secrets": []}]}, "at least 1"),
        ({"webhooks": [HOOK | {"secrets": [{}]}]}, "exactly one"),
        ({"webhooks": [HOOK | {"secrets": [{"env": "A", "file": "b"}]}]}, "exactly one"),
        ({"webhooks": [HOOK | {"events": ["started"]}]}, "events"),
        ({"webhooks": [HOOK | {"hosts": ["Bank.example"]}]}, "no host"),
        ({"slack": SLACK | {"channel": "#general"}}, "pattern"),
        ({"slack": SLACK | {"reviewers": {"@ada": "ada"}}}, "id of a Slack user"),
        ({"slack": SLACK | {"url": "http://slack.example/api"}}, "https://"),
        ({"slack": SLACK | {"hosts": ["a:1"]}}, "no host"),
        ({"mail": MAIL | {"sender": "Ada <ada@books.example>"}}, "plain mail address"),
        ({"mail": MAIL | {"sender": "a@b\r\nBcc: c@d"}}, "plain mail address"),
        ({"mail": MAIL | {"recipients": []}}, "at least 1"),
        ({"mail": MAIL | {"recipients": [{"address": "a b@c", "reviewer": "x"}]}}, "plain mail address"),
        ({"mail": MAIL | {"username": "u"}}, "together"),
        ({"mail": MAIL | {"username": "u", "password": {"env": "P"}, "security": "none"}}, "in the clear"),
        ({"mail": MAIL | {"hosts": ["A b"]}}, "no host"),
        ({"allow": ["a b"]}, "no host"),
        ({"link": "sidegate.example"}, "plain url"),
        ({"link": "http://sidegate.example"}, "https://"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_work(changes: dict[str, Any], words: str) -> None:
    """Each is said with what to write instead."""
    with pytest.raises(ValidationError, match=words):
        _read(changes)


def test_a_secret_is_read_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """From a variable or a file; one that is missing is said to be."""
    monkeypatch.setenv("HOOK", "one")
    assert SecretPlace(env="HOOK").read() == "one"
    monkeypatch.setenv("HOOK", "two")
    assert SecretPlace(env="HOOK").read() == "two"
    (tmp_path / "hook").write_text("three\n")
    assert SecretPlace(file=str(tmp_path / "hook")).read() == "three"
    with pytest.raises(CredentialError, match="cannot be read"):
        SecretPlace(file=str(tmp_path / "none")).read()


def _read(members: dict[str, Any]) -> Channels:
    """The settings as a file has them."""
    return Channels.model_validate_json(json.dumps(members))
