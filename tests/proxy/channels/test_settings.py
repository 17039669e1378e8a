"""Tests of `channels` in the configuration: what cannot work is refused with the cure."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from proxy.channels.settings import OUTCOMES, Channels, SecretPlace
from proxy.credentials.sources.secret import CredentialError
from rules.hold import State

HOOK: dict[str, Any] = {"name": "ops", "url": "https://hooks.example/x", "secrets": [{"env": "HOOK"}]}


def test_defaults() -> None:
    """Nobody is told; a webhook is told of everything but the steps of a sending."""
    assert Channels().webhooks == ()
    [hook] = _read({"webhooks": [HOOK]}).webhooks
    assert hook.events == OUTCOMES
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
