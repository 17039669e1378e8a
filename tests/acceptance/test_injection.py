"""An agent that never has a secret: what it has is replaced on the way to one host, and nowhere else."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.clients import Answer, Call, curl, with_requests
from tests.acceptance.received import Received
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

REAL = "ghp_R3al" + "s3cretR3als3cretR3als3cretR3als3"
KEY = "r3al-house-key"
RULES = """
version: 1
rules:
  - {id: pay, match: {host: localhost, method: POST, path: /pay}, tier: 4}
  - {id: note, match: {host: localhost, method: POST, path: /note}, tier: 2}
"""


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent behind its sidecar: what it was given, and how it calls."""

    sidecar: Sidecar
    variables: dict[str, str]
    folder: Path

    @property
    def token(self) -> str:
        """Its placeholder for the bank's token."""
        return self.variables["BANK_TOKEN"]

    def call(self, url: str, *headers: tuple[str, str], **more: str | bytes) -> Call:
        """A call of its."""
        body, method = more.get("body"), more.get("method", "GET")
        assert isinstance(method, str)
        assert body is None or isinstance(body, bytes)
        return Call(
            url=url,
            method=method,
            headers=headers,
            body=body,
            proxy=self.sidecar.proxy,
            ca=self.sidecar.ca_bundle,
        )

    def asks(self, url: str, *headers: tuple[str, str], **more: str | bytes) -> Answer:
        """What it hears over HTTP/1.1."""
        return curl(self.call(url, *headers, **more), "--http1.1")

    def known_to_the_sidecar(self) -> bytes:
        """All that is on disk of it, the log of its store included, and all that it said."""
        files = [path for path in self.sidecar.folder.rglob("*") if path.is_file()]
        return b"\n".join([path.read_bytes() for path in files] + [self.sidecar.log.encode()])


def config(folder: Path, *ports: int) -> str:
    """Two secrets for each port, in files."""
    (folder / "bank").write_text(REAL)
    (folder / "key").write_text(KEY)
    entries = "".join(
        f"  - {{host: 'localhost:{port}', name: bank, file: {folder}/bank, inject: true, export: BANK_TOKEN, "
        "placeholder_prefix: ghp_}\n"
        f"  - {{host: 'localhost:{port}', name: key, header: X-Key, template: '{{secret}}', "
        f"file: {folder}/key, inject: true, export: HOUSE_KEY}}\n"
        for port in ports
    )
    return f"version: 1\ndestinations: {{allow: [localhost]}}\ncredentials:\n{entries}"


@pytest.fixture
def agent(
    authority: Authority, upstream: Upstream, upstream_http2: Upstream, tmp_path: Path
) -> Iterator[Agent]:
    """Run a sidecar with secrets for both upstreams, and give its agent."""
    text = config(tmp_path, upstream.port, upstream_http2.port)
    with Sidecar(upstream_ca=authority.ca, rules=RULES, config=text) as sidecar:
        said = sidecar.cli("env", "--format", "json")
        assert said.returncode == 0, said.stderr
        yield Agent(sidecar, json.loads(said.stdout), tmp_path)


def values(ran: Received, name: str) -> list[str]:
    """What a header of a request that was executed had."""
    return [value for key, value in ran.headers if key.lower() == name]


def nothing_is_known(agent: Agent) -> None:
    """Neither secret is anywhere in the sidecar's files, in its store's log or in its words."""
    known = agent.known_to_the_sidecar()
    for secret in (REAL, KEY):
        assert secret.encode() not in known
        assert base64.b64encode(secret.encode())[:-3] not in known


def test_the_upstream_gets_the_secret(agent: Agent, upstream: Upstream) -> None:
    """In each of the two headers, whatever the agent writes around it; the agent's own have not changed."""
    assert agent.token.startswith("ghp_")
    assert len(agent.token) == 40
    url = upstream.url("/bytes/10")
    for _ in range(3):  # the first looks the host up; the others are judged on the spot
        bearer = ("Authorization", f"Bearer {agent.token}")
        assert agent.asks(url, bearer, ("X-Key", agent.variables["HOUSE_KEY"])).status == 200
    basic = base64.b64encode(f"x-access-token:{agent.token}".encode()).decode()
    assert agent.asks(url, ("authorization", f"token {agent.token}")).status == 200
    assert agent.asks(url, ("Authorization", f"Basic {basic}")).status == 200
    assert agent.asks(url, ("Authorization", "Bearer the agent's own")).status == 200
    assert [values(ran, "authorization") for ran in upstream.executed] == [
        *[[f"Bearer {REAL}"]] * 3,
        [f"token {REAL}"],
        ["Basic " + base64.b64encode(f"x-access-token:{REAL}".encode()).decode()],
        ["Bearer the agent's own"],
    ]
    assert [values(ran, "x-key") for ran in upstream.executed[:4]] == [[KEY], [KEY], [KEY], []]
    assert agent.asks(
        upstream.url("/note"), ("X-Key", agent.variables["HOUSE_KEY"]), method="POST", body=b"{}"
    ).status in (200, 201)
    assert values(upstream.executed[-1], "x-key") == [KEY]
    nothing_is_known(agent)


def test_over_http2(agent: Agent, upstream_http2: Upstream, upstream: Upstream) -> None:
    """To upstreams of either version."""
    for server in (upstream_http2, upstream):
        call = agent.call(server.url("/bytes/10"), ("Authorization", f"Bearer {agent.token}"))
        assert curl(call, "--http2").status == 200
        [ran] = server.executed
        assert values(ran, "authorization") == [f"Bearer {REAL}"]
        assert agent.token.encode() not in ran.head
    nothing_is_known(agent)


def test_anywhere_else_it_is_refused(agent: Agent, upstream: Upstream, authority: Authority) -> None:
    """At another host, in another header, twice, in path, query and body, hidden or not: nothing leaves."""
    token = agent.token
    here, good = upstream.url("/bytes/1"), ("Authorization", f"Bearer {token}")
    hidden = "%" + f"{ord(token[0]):02x}" + token[1:]
    escaped = f'{{"a": "\\u{ord(token[0]):04x}{token[1:]}"}}'
    plain_type = ("Content-Type", "text/plain")
    json_type = ("Content-Type", "application/json")
    form = ("Content-Type", "application/x-www-form-urlencoded")
    with Upstream(authority.issue()) as other:
        refused = {
            "host": agent.asks(other.url("/bytes/1"), good),
            "header": agent.asks(here, ("X-Other", token)),
            "other's header": agent.asks(here, ("X-Key", token)),
            "cookie": agent.asks(here, ("Cookie", f"t={token}")),
            "proxy's header": agent.asks(here, ("Forwarded", f"for={token}")),
            "twice": agent.asks(here, good, ("authorization", f"Bearer {token}")),
            "twice in one": agent.asks(here, ("Authorization", f"Bearer {token} {token}")),
            "a second one": agent.asks(here, good, ("X-Note", token)),
            "path": agent.asks(upstream.url(f"/bytes/{token}"), good),
            "hidden path": agent.asks(upstream.url(f"/bytes/{hidden}")),
            "query": agent.asks(f"{here}?a={token}"),
            "hidden query": agent.asks(f"{here}?a={hidden}", good),
            "body": agent.asks(upstream.url("/note"), plain_type, method="POST", body=token.encode()),
            "hidden body": agent.asks(upstream.url("/note"), json_type, method="POST", body=escaped.encode()),
            "form": agent.asks(upstream.url("/note"), form, method="POST", body=f"a={hidden}".encode()),
            "http2": curl(agent.call(other.url("/bytes/1"), good), "--http2"),
            "in clear": with_requests(agent.call(here.replace("https://", "http://"), good)),
        }
        assert other.connections == 0
    assert upstream.executed == []
    for what, answer in refused.items():
        assert answer.status == (400 if what == "twice" else 403), what
        assert json.loads(answer.body)["reason_id"] in ("placeholder_misused", "header_repeated"), what
        assert token not in answer.body.decode(), what
    counted = [
        agent.sidecar.metric("sidegate_refusals_total", reason_id=reason)
        for reason in ("placeholder_misused", "header_repeated")
    ]
    assert counted == [len(refused) - 1, 1]
    assert "placeholder.misused reason_id=placeholder_misused credential=bank host=localhost" in (
        agent.sidecar.log
    )
    assert token.encode() not in agent.sidecar.log.encode()


def test_a_held_call_gets_it_at_its_replay(agent: Agent, upstream: Upstream) -> None:
    """What was held has no placeholder; what runs has the secret of then."""
    headers = (("Authorization", f"Bearer {agent.token}"), ("Prefer", "wait=0"))
    held = agent.asks(upstream.url("/pay"), *headers, method="POST", body=b"{}")
    hold_id = held.header("Sidegate-Hold")
    assert hold_id is not None
    assert agent.token not in json.dumps(agent.sidecar.hold(hold_id))
    (agent.folder / "bank").write_text("another")
    agent.sidecar.approve(hold_id)
    [ran] = upstream.wait_for(1, method="POST")
    assert values(ran, "authorization") == ["Bearer another"]
    agent.sidecar.wait_state(hold_id, {"executed"})
    assert agent.token.encode() not in b"".join(
        path.read_bytes() for path in (agent.sidecar.data_dir / "redis").rglob("*") if path.is_file()
    )


def test_a_secret_that_cannot_be_had(agent: Agent, upstream: Upstream) -> None:
    """Nothing is sent; the operator is told why, and the agent that it is not its fault."""
    for content in (None, "", "two\nlines"):
        (agent.folder / "bank").unlink(missing_ok=True)
        if content is not None:
            (agent.folder / "bank").write_text(content)
        answer = agent.asks(upstream.url("/bytes/1"), ("Authorization", f"Bearer {agent.token}"))
        assert (answer.status, json.loads(answer.body)["reason_id"]) == (503, "credential_unavailable")
        assert str(agent.folder) not in answer.body.decode()
    assert upstream.executed == []
    assert "gate.no_credential why=the credential file" in agent.sidecar.log


def test_a_restart_changes_nothing(agent: Agent, upstream: Upstream) -> None:
    """The same agent gets the same placeholder, also while its sidecar is down."""
    agent.sidecar.stop()
    assert json.loads(agent.sidecar.cli("env", "--format", "json").stdout)["BANK_TOKEN"] == agent.token
    agent.sidecar.start()
    answer = agent.asks(upstream.url("/bytes/1"), ("Authorization", f"Bearer {agent.token}"))
    assert answer.status == 200
    assert values(upstream.executed[0], "authorization") == [f"Bearer {REAL}"]
