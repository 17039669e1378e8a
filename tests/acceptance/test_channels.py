"""Channels over real processes: who is told, who decides from there, and what a failing one holds up."""

import base64
import hmac
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.acceptance.asking import ask, held
from tests.acceptance.conftest import StartSidecar
from tests.acceptance.processes import until
from tests.acceptance.sidecar import OPEN_LOCALHOST, Sidecar
from tests.acceptance.upstream import Upstream
from tests.proxy.channels.listener import Listener
from tests.proxy.channels.mail.postbox import Postbox, postbox
from tests.proxy.channels.slack.workspace import (
    CHANNEL,
    SECRET,
    STRANGER,
    TOKEN,
    Workspace,
    buttons,
    press,
    said,
    signed,
)

pytestmark = pytest.mark.review

HOOK = "a-secret-of-this-very-hook"
RULES = """
version: 1
rules:
  - {id: post, match: {host: localhost, method: POST, path: /v1/notes}, tier: 3, reason: tells people}
  - {id: pay, match: {host: localhost, method: POST, path: /v1/transfers}, tier: 4, reason: moves money}
"""


def config(folder: Path, *, hook: str = "", slack: str = "", mail: int = 0) -> str:
    """A configuration with these channels, whose secrets are in `folder`."""
    for name, text in (("hook", HOOK), ("token", TOKEN), ("signing", SECRET)):
        (folder / name).write_text(text)
    channels: dict[str, Any] = {"allow": ["127.0.0.1", "localhost"]}
    if hook:
        secrets = [{"file": str(folder / "hook")}]
        channels["webhooks"] = [{"name": "ops", "url": f"{hook}/hook", "secrets": secrets}]
    if slack:
        channels["slack"] = {
            "channel": CHANNEL,
            "token": {"file": str(folder / "token")},
            "signing_secret": {"file": str(folder / "signing")},
            "reviewers": {"U0ADA": "operator"},
            "url": f"{slack}/api",
        }
    if mail:
        channels["mail"] = {
            "host": "localhost",
            "port": mail,
            "security": "none",
            "sender": "sidegate@books.example",
            "recipients": [{"address": "ada@books.example", "reviewer": "operator"}],
        }
    return f"{OPEN_LOCALHOST}channels: {json.dumps(channels)}\n"


@contextmanager
def person(sidecar: Sidecar) -> Iterator[httpx2.Client]:
    """Somebody without any token."""
    with httpx2.Client(base_url=sidecar.console, trust_env=False, timeout=20) as client:
        yield client


def test_a_program_is_told_of_the_outcome(
    start_sidecar: StartSidecar, upstream: Upstream, tmp_path: Path
) -> None:
    """In order and signed, also of what happened while nobody listened or the sidecar was dead."""
    with Listener() as listener:
        down = [True]
        listener.answers = lambda _heard: (500 if down[0] else 200, b"")
        sidecar = start_sidecar(rules=RULES, config=config(tmp_path, hook=listener.url))
        hold_id = held(ask(sidecar, upstream.url("/v1/notes"), text="hello"))
        listener.wait_for(1)
        sidecar.approve(hold_id)
        sidecar.wait_state(hold_id, {"executed"})
        sidecar.kill9()
        down[0] = False
        listener.heard.clear()
        sidecar.start()
        heard = listener.wait_for(3)
    types = [json.loads(one.body)["type"] for one in heard]
    assert list(dict.fromkeys(types)) == ["hold.pending", "hold.approved", "hold.executed"]
    assert json.loads(heard[-1].body)["data"]["disposition"] == "approved-executed"
    for one in heard:
        signed_text = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
        made = base64.b64encode(hmac.digest(HOOK.encode(), signed_text, sha256)).decode()
        assert one.headers["webhook-signature"] == f"v1,{made}"
        assert b"hello" not in one.body
    assert HOOK not in sidecar.log


def test_decided_in_slack(start_sidecar: StartSidecar, upstream: Upstream, tmp_path: Path) -> None:
    """Tier 3 by a signed button; the message follows a decision on the command line; tier 4 has no button."""
    with Listener() as listener:
        workspace = Workspace(listener)
        sidecar = start_sidecar(rules=RULES, config=config(tmp_path, slack=listener.url))
        first = held(ask(sidecar, upstream.url("/v1/notes"), text="hello"))
        until(lambda: len(workspace.messages) == 1, deadline=20, what="the message")
        [message] = workspace.messages.values()
        with person(sidecar) as client:
            for user in (STRANGER, "U0ADA"):
                body = press("sidegate_approve", buttons(message)["sidegate_approve"], user=user)
                path = "/channels/slack/interactions"
                assert client.post(path, content=body).status_code == 401
                start = time.monotonic()
                assert client.post(path, content=body, headers=signed(body)).status_code == 200
                assert time.monotonic() - start < 3
        assert "no reviewer" in str(workspace.whispered)
        assert sidecar.wait_state(first, {"executed"})["decided_by"] == "operator"
        until(lambda: "ran" in said(next(iter(workspace.messages.values()))), deadline=20, what="the outcome")

        second = held(ask(sidecar, upstream.url("/v1/transfers"), text="hello"))
        until(lambda: len(workspace.messages) == 2, deadline=20, what="the second message")
        assert set(buttons(list(workspace.messages.values())[1])) == {"sidegate_open"}
        sidecar.reject(second, "not today")
        until(
            lambda: "not today" in said(list(workspace.messages.values())[1]), deadline=20, what="the reason"
        )
    assert TOKEN not in sidecar.log
    assert SECRET not in sidecar.log


def test_decided_from_a_letter(start_sidecar: StartSidecar, upstream: Upstream, tmp_path: Path) -> None:
    """A scanner's look decides nothing; the reviewer's button does, once; then 410."""
    with postbox() as box:
        sidecar = start_sidecar(rules=RULES, config=config(tmp_path, mail=box.port))
        hold_id = held(ask(sidecar, upstream.url("/v1/notes"), text="hello"))
        path = _link(box)
        with person(sidecar) as client:
            for _ in range(2):
                page = client.get(path)
                assert page.status_code == 200
                assert "hello" in page.text
            assert sidecar.hold(hold_id)["state"] == "pending"
            assert client.post(path, data={"decision": "approve"}).status_code == 200
            assert sidecar.wait_state(hold_id, {"executed"})["decided_by"] == "operator"
            assert client.post(path, data={"decision": "approve"}).status_code == 410
            assert client.get(path).status_code == 410
            assert client.get(path[:-1]).status_code == 403
    assert len(upstream.wait_for(1, method="POST")) == 1


def test_channels_that_fail_hold_up_nothing(
    start_sidecar: StartSidecar, upstream: Upstream, tmp_path: Path
) -> None:
    """Nobody listens anywhere: holds are made and decided, and the tries are counted."""
    with Listener() as gone:
        url = gone.url
    sidecar = start_sidecar(rules=RULES, config=config(tmp_path, hook=url, slack=url, mail=1))
    hold_id = held(ask(sidecar, upstream.url("/v1/notes"), text="hello"))
    sidecar.approve(hold_id)
    sidecar.wait_state(hold_id, {"executed"})
    held(ask(sidecar, upstream.url("/v1/transfers"), text="hello"))

    def failed() -> bool:
        counted = "sidegate_channel_deliveries_total"
        kinds = ("webhook", "slack", "mail")
        return all(sidecar.metric(counted, channel=kind, outcome="failed") for kind in kinds)

    until(failed, deadline=30, what="a failed try of each channel")
    assert sidecar.ready


def test_programs_hear_of_changes(sidecar: Sidecar, upstream: Upstream) -> None:
    """In a stream that a new hold reaches within a second, and that ends when the sidecar does."""
    headers = {"Authorization": f"Bearer {sidecar.token}"}
    with person(sidecar) as client, client.stream("GET", "/api/events", headers=headers) as stream:
        lines = (line for line in stream.iter_lines() if line.startswith("data: {"))
        assert next(lines) == "data: {}"
        start = time.monotonic()
        hold_id = held(ask(sidecar, upstream.url("/v1/notes"), text="hello"))
        told = json.loads(next(lines).removeprefix("data: "))
        assert told == {"hold_id": hold_id, "state": "pending", "attempts": 1}
        assert time.monotonic() - start < 10
        assert sidecar.stop() == 0
        assert all("pending" not in line for line in lines)


@pytest.fixture(scope="module")
def rules() -> str:
    """Hold notes in tier 3, and transfers in tier 4."""
    return RULES


def _link(box: Postbox) -> str:
    """The path of the link in the letter that comes."""
    until(lambda: box.letters, deadline=20, what="the letter")
    plain = box.letters[0].get_body(("plain",))
    assert plain
    found = re.search(r"http://\S+/channels/mail/\S+", str(plain.get_content()))
    assert found, plain.get_content()
    return urlsplit(found[0]).path
