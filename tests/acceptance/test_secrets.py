"""Planted secrets are searched for wherever Sidegate keeps or says anything."""

import base64
import json
import ssl
import sys
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.acceptance.authority import Authority, Leaf
from tests.acceptance.clients import Answer, Call, curl
from tests.acceptance.processes import until
from tests.acceptance.searching import in_redis, spellings
from tests.acceptance.sidecar import Sidecar, witness_beside
from tests.acceptance.verbose import DUMPABLE
from tests.proxy.tracing.collector import Collector, collecting

ROOT = Path(__file__).parents[2]
PLANTED = {
    name: f"canary-{name}-{4000 + 37 * at}-zQ"
    for at, name in enumerate(
        (
            *("bearer", "cookie", "api-key", "house-key", "plain-header", "proxy-password"),
            *("userinfo", "query-value", "query-key", "json-member", "json-nested", "form-field"),
            *("multipart", "graphql-variable", "mcp-argument", "binary-body"),
            *("answer-body", "answer-header", "answer-cookie", "error-body"),
            *("credential-file", "credential-env", "reviewer-token", "wrong-token", "refused-request"),
        )
    )
}
"""What is planted, by where."""

SEEN_BY_REVIEWERS = {"query-value", "query-key"}
"""A list of holds shows URLs, because reviewers must see what would run."""

RULES = "version: 1\nrules:\n  - {id: all, match: {host: localhost, path: '/**'}, tier: 4, reason: test}\n"


def config(folder: Path, *, supplied: int, collector: str) -> str:
    """A configuration with every source of secrets; the upstream on port `supplied` has credentials."""
    return f"""
version: 1
destinations: {{allow: [localhost], connect_ports: [443]}}
inline_wait: {{usual: 0}}
new_holds: {{most: 1000, within: 60, quarantine: 1}}
secret_headers: [X-House-Key]
credentials:
  - {{host: "localhost:{supplied}", file: "{folder}/credential"}}
  - {{host: "localhost:{supplied}", header: X-Second-Key, template: "{{secret}}", env: PLANTED_CREDENTIAL}}
reviewers:
  - {{name: ada, token_file: "{folder}/ada.token"}}
traces: {{endpoint: "{collector}", passes: 1.0}}
logs: {{format: json, passes: 1.0}}
audit: {{reads: 1.0, sinks: [{{name: stream, kind: redis}}]}}
"""


class Answering(BaseHTTPRequestHandler):
    """Answers every request with secrets of its own."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Note what came, and answer; what asks for an error gets one."""
        length = int(self.headers.get("Content-Length", 0))
        server: Any = self.server
        asked = self.rfile.read(length).decode("latin-1")
        server.came.append(str(self.headers) + self.path + asked)
        failed = self.path.startswith("/fail")
        body = json.dumps({"token": PLANTED["error-body" if failed else "answer-body"]}).encode()
        if self.path == "/mcp":
            result = {"content": [{"type": "text", "text": PLANTED["answer-body"]}]}
            body = json.dumps({"jsonrpc": "2.0", "id": json.loads(asked)["id"], "result": result}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
        else:
            self.send_response(422 if failed else 201)
        self.send_header("X-Session", PLANTED["answer-header"])
        self.send_header("Set-Cookie", f"sid={PLANTED['answer-cookie']}; HttpOnly")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def answering(leaf: Leaf) -> Iterator[ThreadingHTTPServer]:
    """An upstream on a free port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.chain, leaf.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.came = []  # type: ignore[attr-defined] # the handler has nothing else of its own
        # Not while it accepts: a connection that is only opened would hold up all others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


JSON = (("Content-Type", "application/json"),)
CREDENTIALS = (
    ("Authorization", f"Bearer {PLANTED['bearer']}"),
    ("Cookie", f"sid={PLANTED['cookie']}"),
    ("X-Api-Key", PLANTED["api-key"]),
    ("X-House-Key", PLANTED["house-key"]),
)


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def requests() -> dict[str, tuple[str, tuple[tuple[str, str], ...], bytes]]:
    """Path, headers and body of each request in which something is planted."""
    form = urllib.parse.urlencode({"to": "a", "password": PLANTED["form-field"]}).encode()
    part = b'--b0undary1\r\nContent-Disposition: form-data; name="f"\r\n\r\n%s\r\n--b0undary1--\r\n'
    query = f"/pay?memo={PLANTED['query-value']}&access_token={PLANTED['query-key']}"
    nested = {"a": PLANTED["json-member"], "b": [{"secret": PLANTED["json-nested"]}]}
    graph = {
        "query": "mutation M($p: String!) { login(p: $p) { id } }",
        "variables": {"p": PLANTED["graphql-variable"]},
    }
    tool = {"name": "send", "arguments": {"password": PLANTED["mcp-argument"]}}
    mcp = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": tool}
    accept = (("Accept", "application/json, text/event-stream"),)
    form_type = (("Content-Type", "application/x-www-form-urlencoded"),)
    return {
        "credentials": ("/pay/1", JSON + CREDENTIALS, b'{"n": 1}'),
        "header": ("/pay/2", (*JSON, ("X-Remark", PLANTED["plain-header"])), b'{"n": 2}'),
        "query": (query, JSON, b'{"n": 3}'),
        "json": ("/pay/4", JSON, _json(nested)),
        "form": ("/pay/5", form_type, form),
        "multipart": (
            "/pay/6",
            (("Content-Type", "multipart/form-data; boundary=b0undary1"),),
            part % PLANTED["multipart"].encode(),
        ),
        "graphql": ("/graphql", JSON, _json(graph)),
        "mcp": ("/mcp", JSON + accept, _json(mcp)),
        "binary": (
            "/pay/7",
            (("Content-Type", "application/octet-stream"),),
            b"\x00\xff" + PLANTED["binary-body"].encode() + b"\x00",
        ),
        "error": ("/fail", JSON, b'{"n": 8}'),
    }


@dataclass(kw_only=True)
class Used:
    """A sidecar that met every secret, what its upstreams received, and what its agent heard."""

    sidecar: Sidecar
    received: str
    collector: Collector
    heard: list[Answer] = field(default_factory=list)

    @property
    def own_files(self) -> set[Path]:
        """Where secrets stand because an operator wrote them there."""
        return {self.sidecar.folder / "credential", self.sidecar.folder / "ada.token"}


def _hold_of_tool(answer: Answer) -> str:
    """The hold that a tool's result names."""
    told = json.loads(answer.body)["result"]["_meta"]["internal.sidegate/hold"]
    return str(told["hold_id"])


def _held_then_run(sidecar: Sidecar, call: Call) -> Answer:
    """Ask, have it approved, ask again with the same credentials until the upstream's answer comes."""
    held = curl(call)
    hold_id = held.header("Sidegate-Hold") or _hold_of_tool(held)
    sidecar.approve(hold_id)

    def answered() -> Answer | None:
        again = curl(call)
        return again if again.status in (201, 422) or PLANTED["answer-body"] in again.body.decode() else None

    return until(answered, deadline=60, what=f"the answer to {call.url}")


@pytest.fixture(scope="module")
def used(authority: Authority) -> Iterator[Used]:
    """Everything planted and used: held, approved, run with fresh or with its own credentials, answered."""
    environment = {"PLANTED_CREDENTIAL": PLANTED["credential-env"], "PYTHONPATH": str(ROOT)}
    leaf = authority.issue()
    with collecting() as collector, answering(leaf) as own, answering(leaf) as supplied:
        sidecar = Sidecar(
            upstream_ca=authority.ca,
            rules=RULES,
            config="version: 1\n",
            environment=environment,
            launcher=(sys.executable, "-m", "tests.acceptance.verbose"),
        )
        _write_files(sidecar.folder)
        sidecar.configure(
            config(sidecar.folder, supplied=supplied.server_address[1], collector=collector.url)
        )
        with sidecar:
            done = Used(sidecar=sidecar, received="", collector=collector)
            for server in (own, supplied):
                _use(done, server.server_address[1])
            _refuse(done, own.server_address[1])
            done.received = "".join(own.came + supplied.came)  # type: ignore[attr-defined] # set above
            yield done


def _write_files(folder: Path) -> None:
    for name, secret in (("credential", "credential-file"), ("ada.token", "reviewer-token")):
        (folder / name).write_text(PLANTED[secret])
        (folder / name).chmod(0o600)


def _use(done: Used, port: int) -> None:
    for path, headers, body in requests().values():
        call = Call(
            method="POST",
            url=f"https://localhost:{port}{path}",
            headers=headers,
            body=body,
            proxy=done.sidecar.proxy,
            ca=done.sidecar.ca_bundle,
        )
        done.heard.append(_held_then_run(done.sidecar, call))
    userinfo = replace(call, url=call.url.replace("//", f"//eve:{PLANTED['userinfo']}@"))
    done.heard.append(_held_then_run(done.sidecar, userinfo))


def _refuse(done: Used, port: int) -> None:
    """What is refused may not be written down either: a bad request, and a wrong token at each door."""
    secret = PLANTED["refused-request"]
    url = f"https://localhost:{port}"
    call = Call(method="POST", url=url + "/pay/9", proxy=done.sidecar.proxy, ca=done.sidecar.ca_bundle)
    twice = (*JSON, ("X-Key", secret), ("Authorization", secret))
    refused = [
        replace(call, headers=twice, body=f'{{"a": "{secret}", "a": "{secret}"}}'.encode()),
        replace(call, headers=twice, body=b'{"a": 1}', url=f"{url}/..%2f{secret}/a%00?k={secret}"),
        replace(call, proxy=done.sidecar.proxy.replace("//", f"//agent:{PLANTED['proxy-password']}@")),
    ]
    done.heard += [curl(each) for each in refused]
    wrong = (("Authorization", f"Bearer {PLANTED['wrong-token']}"),)
    console = Call(url=f"{done.sidecar.console}/api/holds", headers=wrong, ca=done.sidecar.ca_bundle)
    assert curl(console).status == 401
    right = (("Authorization", f"Bearer {PLANTED['reviewer-token']}"),)
    assert curl(replace(console, headers=right)).status == 200


def test_everything_was_used(used: Used) -> None:
    """Each secret reached where it belongs, so that not finding it elsewhere means something."""
    heard = "".join(str(answer.headers) + answer.body.decode() for answer in used.heard)
    reached = used.received + urllib.parse.unquote(used.received) + heard
    kept_back = {"reviewer-token", "wrong-token", "refused-request", "proxy-password"}
    encoded = {"userinfo": base64.b64encode(f"eve:{PLANTED['userinfo']}".encode()).decode()}
    missing = {name for name, secret in PLANTED.items() if encoded.get(name, secret) not in reached}
    assert missing == kept_back
    assert len(PLANTED) >= 20


def found_in(places: dict[str, bytes], *, ignored: set[str] | None = None) -> list[tuple[str, str]]:
    """Where which secret stands in any spelling."""
    return [
        (place, name)
        for place, content in places.items()
        for name, secret in PLANTED.items()
        if name not in (ignored or set()) and any(spelt in content for spelt in spellings(secret))
    ]


def test_no_secret_is_in_the_store_or_in_a_file(used: Used) -> None:
    """Redis' keys, its snapshot and its append-only file; every file of the folder; the witness."""
    before = _files(used)
    places = in_redis(used.sidecar) | before | _files(used)
    assert any(".base.rdb" in place for place in places)
    assert any(".incr.aof" in place for place in places)
    assert found_in(places) == []


def _files(used: Used) -> dict[str, bytes]:
    """All files of the sidecar, the log among them, but those that an operator wrote secrets into."""
    folder = used.sidecar.folder
    files = [path for path in folder.rglob("*") if path.is_file() and path not in used.own_files]
    assert folder / "serve.log" in files
    return {str(path): path.read_bytes() for path in files}


def test_no_secret_is_in_the_witness(used: Used, authority: Authority) -> None:
    """It has a line for every request that left, without query, header and body."""
    witnessed = witness_beside(authority.ca).read_bytes()
    assert witnessed.count(b'/pay/1"') >= 2
    assert found_in({"witness": witnessed}) == []


@pytest.mark.observe
def test_no_secret_is_in_the_audit_trail_or_in_a_receipt(used: Used) -> None:
    """Every request was judged, held, decided and sent, and has its records."""
    files = [path for path in (used.sidecar.data_dir / "audit").rglob("*") if path.is_file()]
    trail = b"".join(path.read_bytes() for path in files)
    for kind in ("verdict", "hold", "decision", "attempt"):
        assert trail.count(f'"kind":"{kind}"'.encode()) >= 10, kind
    assert found_in({"audit": trail}) == []
    receipts = [used.sidecar.cli("audit receipt", hold["hold_id"]) for hold in used.sidecar.holds()[:30]]
    assert all('"executed"' in receipt.stdout for receipt in receipts)
    assert found_in({"receipts": "".join(receipt.stdout for receipt in receipts).encode()}) == []


@pytest.mark.observe
def test_no_secret_is_in_a_trace(used: Used) -> None:
    """Every request has its spans, as bytes that a real collector was sent."""
    until(lambda: len(used.collector.spans) >= 40, deadline=30, what="the spans")
    names = Counter(span.name.partition(" ")[0] for span in used.collector.spans)
    for name in ("POST", "tools/call", "hold", "decision", "replay"):
        assert names[name] >= 1, names
    assert found_in({"traces": bytes(used.collector.raw)}) == []


@pytest.mark.observe
def test_no_secret_is_in_a_sink(used: Used) -> None:
    """It is given what the trail has; the store's stream has records of each request."""
    with Redis(unix_socket_path=str(used.sidecar.redis_socket)) as redis:

        def given() -> bytes:
            found: Any = redis.xrange("{sidegate:default}:audit")
            return b"".join(entry[b"record"] for _, entry in found)

        until(lambda: given().count(b'"kind":"attempt"') >= 20, deadline=30, what="the sink")
        assert found_in({"sink": given()}) == []


def test_no_secret_is_said(used: Used) -> None:
    """The log with every line that it could have, the metrics, and the lists of holds."""
    sidecar = used.sidecar
    assert " DEBUG " in sidecar.log
    assert '"event": "hold.opened"' in sidecar.log
    assert found_in({"log": sidecar.log.encode()}) == []
    assert found_in({"metrics": "\n".join(sidecar.metrics()).encode()}) == []
    listed = json.dumps(sidecar.holds()).encode()
    assert found_in({"holds": listed}, ignored=SEEN_BY_REVIEWERS) == []
    credentials = {"bearer", "cookie", "api-key", "house-key", "userinfo", "credential-file"}
    shown = b"".join(json.dumps(sidecar.hold(hold["hold_id"])).encode() for hold in sidecar.holds())
    assert found_in({"shown": shown}, ignored=set(PLANTED) - credentials) == []


def test_the_search_would_find_one(used: Used) -> None:
    """The same search finds each secret that is really written, in each spelling."""
    for name, secret in PLANTED.items():
        for spelt in (secret.encode(), secret.encode().hex().encode(), base64.b64encode(secret.encode())):
            assert ("leak", name) in found_in({"leak": b"..." + spelt + b"..."})


def test_private_files_are_private(used: Used) -> None:
    """Keys, tokens and the authority's key can be read by their owner only; agents' files by all."""
    data_dir = used.sidecar.data_dir
    modes = {
        str(path.relative_to(data_dir)): path.stat().st_mode & 0o777
        for path in data_dir.rglob("*")
        if path.is_file()
    }
    for name in (
        "operator.token",
        "serve.json",
        "keys/seal.key",
        "keys/console.key",
        "keys/fingerprint.key",
    ):
        assert modes[name] == 0o600, name
    assert modes["ca/mitmproxy-ca.pem"] == 0o400
    assert data_dir.stat().st_mode & 0o777 == 0o700


def test_no_core_is_left(used: Used) -> None:
    """Neither by the sidecar nor by its store; and the sidecar's memory is nobody else's."""
    for pid in (used.sidecar.pid, used.sidecar.redis_pid()):
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        [core] = [line.split() for line in limits if line.startswith("Max core file size")]
        assert core[4:6] == ["0", "0"], core
    used.sidecar.stop()
    assert f"{DUMPABLE}0" in used.sidecar.log
    used.sidecar.start()
