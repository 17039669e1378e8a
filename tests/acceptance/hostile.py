"""A sidecar with every way of telling people, at which an agent asks for calls full of hostile text."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from tests.acceptance.authority import Authority
from tests.acceptance.clients import Call, curl
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.test_channels import config
from tests.acceptance.upstream import Upstream
from tests.proxy.channels.listener import Listener
from tests.proxy.channels.mail.postbox import Postbox, postbox
from tests.proxy.channels.slack.workspace import Workspace

MARK = "Zq7"
"""In every hostile value, so that a surface that leaves them out is noticed."""
FORGED = "FORGED"
"""What a line would begin with that is not ours."""
SEEN = (
    f"=cmd|' {MARK} <script>alert(1)</script> *bold* <!channel> <https://evil.example|here> `"
    "<img src=x onerror=alert(1)>"
)
"""What acts on a spreadsheet, a page or a chat, and hides nothing: a grant can cover it."""
ACTS = (
    f"=cmd|' {MARK} \u202etxt\u200b\u2066\U000e0041\x1b]0;own\x07\x1b[31m\x9b\x00\x7f\u2028"
    f"{FORGED} a\r\n{FORGED} event=hold.approved {SEEN}"
)
"""The same behind what acts on a terminal, a mail or a log, or hides in them."""
RULES = """
version: 1
rules:
  - id: notes
    match: {host: localhost, method: POST, path: "/v1/notes/**"}
    tier: 3
    category: external_communication
    reason: tells people
    summary: "tell {to} that {memo}"
"""
# Drills and samples are as frequent as can be had.
_OFTEN = {
    "SIDEGATE__DRILLS__RATE": "0.2",
    "SIDEGATE__DRILLS__WITHIN": "0",
    "SIDEGATE__PASS_AUDIT__RATE": "0.05",
}
_CONFIG = "new_holds: {most: 10000}\n"
_DEADLINE = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that has come of the hostile calls. `hold_id` waits, `drill_id` was answered."""

    sidecar: Sidecar
    person: httpx2.Client
    listener: Listener
    workspace: Workspace
    box: Postbox
    hold_id: str
    drill_id: str
    sample_id: str

    def page(self, path: str) -> str:
        """A page of the console, for somebody logged in."""
        return _text(self.person.get(path))

    def api(self, path: str) -> str:
        """An answer of the API."""
        return _text(self.person.get(path, headers=_bearer(self.sidecar)))

    def command(self, *arguments: str) -> str:
        """What a command prints, on both its outputs."""
        done = self.sidecar.cli(*arguments, deadline=90)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@contextmanager
def scene(authority: Authority, folder: Path) -> Iterator[Scene]:
    """The sidecar, with holds that wait, were rejected, ran, are granted, a drill and a call that passed."""
    with Listener() as hook, Listener() as slack, postbox() as box, Upstream(authority.issue()) as upstream:
        workspace = Workspace(slack)
        settings = config(folder, hook=hook.url, slack=slack.url, mail=box.port) + _CONFIG
        with (
            Sidecar(upstream_ca=authority.ca, rules=RULES, config=settings, environment=_OFTEN) as sidecar,
            httpx2.Client(base_url=sidecar.console, trust_env=False, timeout=60) as person,
        ):
            agent = _Agent(sidecar, upstream, person)
            ran = agent.ask()
            sidecar.approve(ran)
            sidecar.wait_state(ran, {"executed"}, deadline=60)
            drill_id, hold_id = agent.drilled(), agent.ask()
            agent.ask()
            granted = agent.ask(SEEN, group="granted")
            done = sidecar.cli("grant", granted, "--reason", "the news of today", "--yes", deadline=60)
            assert done.returncode == 0, done.stdout + done.stderr
            person.post("/login", data={"token": sidecar.token, "next": "/holds"})
            yield Scene(
                sidecar=sidecar,
                person=person,
                listener=hook,
                workspace=workspace,
                box=box,
                hold_id=hold_id,
                drill_id=drill_id,
                sample_id=agent.sampled(),
            )


class _Agent:
    def __init__(self, sidecar: Sidecar, upstream: Upstream, person: httpx2.Client) -> None:
        self._sidecar = sidecar
        self._upstream = upstream
        self._person = person
        self._numbers = count()

    def ask(self, text: str = ACTS, *, group: str = "all") -> str:
        """Have one more hostile call held."""
        number, hides = next(self._numbers), text != SEEN
        target = f"/v1/notes/{group}{quote('<script>alert(1)</script>')}?n={number}&q={_query(text)}"
        body = {"to": f"ann{number}@example.org", "amount": 5 + number, "memo": text, text: [text]}
        unseen = "\u202e\u200b\U000e0041" if hides else ""
        call = Call(
            method="POST",
            url=self._upstream.url(target),
            headers=(
                ("Content-Type", "application/json"),
                ("Prefer", "wait=0"),
                ("User-Agent", f"{MARK} <script>alert(1)</script> *bold* <!channel>"),
                ("X-Note", f"=cmd|' {MARK}{unseen}"),
                ("Sidegate-Reasoning", f"{SEEN}{unseen}"),
            ),
            body=json.dumps(body, ensure_ascii=False).encode(),
            proxy=self._sidecar.proxy,
            ca=self._sidecar.ca_bundle,
        )
        answer = curl(call)
        hold_id = answer.header("Sidegate-Hold")
        assert hold_id is not None, answer
        return hold_id

    def drilled(self) -> str:
        """Reject whatever waits until one of it was a drill."""
        return until(self._drill, deadline=_DEADLINE, what="a drill")

    def _drill(self) -> str | None:
        self.ask()
        head = _bearer(self._sidecar)
        waiting = self._person.get("/api/holds?state=pending", headers=head).json()["holds"]
        for hold in waiting:
            path, said = f"/api/holds/{hold['hold_id']}/reject", {"reason": "not today"}
            told: dict[str, Any] = self._person.post(path, json=said, headers=head).json()
            if told["hold"]["drill"]:
                return str(hold["hold_id"])
        return None

    def sampled(self) -> str:
        """Have calls pass until one of them was kept for people."""
        url = self._upstream.url(f"/v1/news/{quote('<script>alert(1)</script>')}?q={_query(ACTS)}")
        head = {"User-Agent": f"{MARK} <script>alert(1)</script>"}
        calls = Call(
            url=f"{url}&n=[1-20]",
            headers=tuple(head.items()),
            proxy=self._sidecar.proxy,
            ca=self._sidecar.ca_bundle,
        )
        return until(lambda: self._sample(calls), deadline=_DEADLINE, what="a call that passed and was kept")

    def _sample(self, calls: Call) -> str | None:
        curl(calls, "--no-globoff")
        kept = self._person.get("/api/passed", headers=_bearer(self._sidecar)).json()["passed"]
        return str(kept[0]["sample_id"]) if kept else None


def link_in(letter: str) -> str:
    """The path of the link of a letter."""
    found = re.search(r"http://\S+/(?:channels/mail|holds)/\S+", letter)
    assert found, letter
    return urlsplit(found[0]).path


def _query(text: str) -> str:
    """As a query, in which a NUL is refused at once."""
    return quote(text.replace("\0", ""))


def _bearer(sidecar: Sidecar) -> dict[str, str]:
    return {"Authorization": f"Bearer {sidecar.token}"}


def _text(response: httpx2.Response) -> str:
    assert response.status_code == 200, response.text
    return response.content.decode()
