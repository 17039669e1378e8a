"""A server like Slack's: checks every message as Slack does, keeps them, and presses buttons."""

import hmac
import json
import time
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from proxy.channels.settings import SecretPlace, Slack
from tests.proxy.channels.listener import Answer, Heard, Listener

TOKEN, SECRET = "xoxb-of-the-test", "8f742231b10e8888abcd99yyyzzz85a5"
CHANNEL, ADA, STRANGER = "C0123456789", "U0ADA", "U0EVE"


class Workspace:
    """What is posted, by time stamp, as it stands now; and what was said to one person alone."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        listener.answers = self._answer
        self.messages: dict[str, dict[str, Any]] = {}
        self.whispered: list[dict[str, Any]] = []
        self.updates = 0

    def settings(self, folder: Path, **changes: object) -> Slack:
        """How Sidegate is configured for it."""
        for name, text in (("token", TOKEN), ("signing", SECRET)):
            (folder / name).write_text(text)
        made = Slack(
            channel=CHANNEL,
            token=SecretPlace(file=str(folder / "token")),
            signing_secret=SecretPlace(file=str(folder / "signing")),
            reviewers={ADA: "ada"},
            url=f"{self._listener.url}/api",
        )
        return made.model_copy(update=changes)

    def _answer(self, heard: Heard) -> Answer:
        if heard.headers.get("authorization") != f"Bearer {TOKEN}":
            return 200, b'{"ok": false, "error": "not_authed"}'
        members = json.loads(heard.body)
        match heard.path:
            case "/api/chat.postMessage":
                stamp = f"17000.{len(self.messages):06}"
                self.messages[stamp] = checked(members)
                return 200, json.dumps({"ok": True, "channel": CHANNEL, "ts": stamp}).encode()
            case "/api/chat.update":
                if members["ts"] not in self.messages:
                    return 200, b'{"ok": false, "error": "message_not_found"}'
                self.messages[members["ts"]] = checked(members)
                self.updates += 1
                return 200, b'{"ok": true}'
            case "/api/chat.postEphemeral":
                self.whispered.append(members)
                return 200, b'{"ok": true}'
        return 404, b""


def checked(members: dict[str, Any]) -> dict[str, Any]:
    """`members` if Slack would take them."""
    assert members["channel"] == CHANNEL
    assert 1 <= len(members["blocks"]) <= 50
    for block in members["blocks"]:
        if block["type"] == "section":
            assert 1 <= len(block["text"]["text"]) <= 3000
            assert block["text"]["verbatim"] is True
        else:
            assert block["type"] == "actions"
            assert len(block["elements"]) <= 25
            for element in block["elements"]:
                assert len(element["action_id"]) <= 255
                assert len(element.get("value", "")) <= 2000
                assert len(element["text"]["text"]) <= 75
    assert len(members["text"]) <= 4000
    return members


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """The values of a message's buttons, by what they do."""
    elements = message["blocks"][-1]["elements"]
    return {element["action_id"]: element.get("value", "") for element in elements}


def said(message: dict[str, Any]) -> str:
    """All text of a message."""
    texts = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    return "\n".join([message["text"], *texts])


def press(action: str, value: str, *, user: str = ADA) -> bytes:
    """The body of the request of a pressed button."""
    payload = {
        "type": "block_actions",
        "user": {"id": user, "name": "ada", "username": "ada"},
        "channel": {"id": CHANNEL},
        "response_url": "https://hooks.slack.example/x",
        "actions": [{"action_id": action, "value": value, "type": "button"}],
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers with which Slack sends `body`."""
    stamp = str(int(time.time() if at is None else at))
    made = hmac.digest(secret.encode(), f"v0:{stamp}:".encode() + body, sha256).hex()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={made}",
    }
