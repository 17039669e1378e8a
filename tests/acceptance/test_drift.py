"""Held changes over real processes: a REST server with entity tags, one without, and nginx with DAV."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.asking import ask, held
from tests.acceptance.authority import Authority
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar, witness_beside
from tests.acceptance.witnessed import Trace, traces, unjudged
from tests.ports import free_ports
from tests.proxy.rest import rest

ITEM = {"name": "a", "amount": 5, "updated_at": 1}
NGINX = """
daemon off; pid {folder}/pid; error_log {folder}/errors; {user}
events {{}}
http {{
  access_log {folder}/log;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
  uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
  types {{ application/json json; }}
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key};
    root {folder}/files; dav_methods PUT DELETE;
  }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One resource on a real server, and what a test does to it behind the gate's back."""

    url: str
    write: Callable[[bytes], object]
    remove: Callable[[], object]
    content: Callable[[], bytes | None]


@pytest.fixture(params=["etags", "no etags", "nginx"])
def place(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> Iterator[Place]:
    """A JSON document on each kind of server."""
    if request.param == "nginx":
        yield from _on_nginx(authority, tmp_path)
        return
    with rest(authority.issue(), etags=request.param == "etags") as server:

        def content() -> bytes | None:
            return server.things["/item.json"].content if "/item.json" in server.things else None

        yield Place(
            url=f"https://localhost:{server.port}/item.json",
            write=lambda text: server.set("/item.json", text),
            remove=lambda: server.things.pop("/item.json"),
            content=content,
        )
        recorded = traces(witness_beside(authority.ca))
        seen = [Trace.executed(server.port, one.method, one.target, one.body) for one in server.heard]
        assert unjudged(seen, recorded) == []


def _on_nginx(authority: Authority, folder: Path) -> Iterator[Place]:
    [port] = free_ports(1)
    leaf, files = authority.issue(), folder / "files"
    for name in ("files", "body", "t"):
        (folder / name).mkdir()
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, chain=leaf.chain, key=leaf.key, user=user))
    item = files / "item.json"
    with subprocess.Popen(["nginx", "-e", str(folder / "errors"), "-c", str(config)]) as nginx:
        try:
            until(lambda: (folder / "pid").exists(), deadline=20, what="nginx")
            yield Place(
                url=f"https://localhost:{port}/item.json",
                write=item.write_bytes,
                remove=item.unlink,
                content=lambda: item.read_bytes() if item.exists() else None,
            )
        finally:
            nginx.terminate()
            nginx.wait(20)


def recorded(sidecar: Sidecar, place: Place, method: str, body: dict[str, Any]) -> str:
    """Hold a change, and wait until what it would change is recorded."""
    hold_id = held(ask(sidecar, place.url, method=method, **body))
    until(lambda: sidecar.hold(hold_id)["snapshot"]["recorded"], deadline=20, what="the snapshot")
    return hold_id


METHODS = [("PUT", {"name": "b", "amount": 5}), ("DELETE", {})]


@pytest.mark.parametrize(("method", "body"), METHODS, ids=["put", "delete"])
def test_changed_meanwhile(sidecar: Sidecar, place: Place, method: str, body: dict[str, Any]) -> None:
    """Refused with the names of what has changed; asked again, it is held over the new values and runs."""
    place.write(json.dumps(ITEM).encode())
    hold_id = recorded(sidecar, place, method, body)
    changed = json.dumps(ITEM | {"amount": 700, "updated_at": 2}).encode()
    place.write(changed)
    sidecar.approve(hold_id)
    refused = sidecar.wait_state(hold_id, {"drift_refused"})
    assert refused["note"] == "drift: since it was held these have changed: `amount`"
    assert place.content() == changed
    [drift] = sidecar.hold(hold_id)["drift"]
    assert drift["changes"] == [{"path": "amount", "before": "5", "after": "700"}]

    shown = sidecar.cli("ask-again", hold_id)
    assert shown.returncode == 0, shown.stderr
    [again] = [hold["hold_id"] for hold in sidecar.holds() if hold["state"] == "pending"]
    assert again in shown.stdout
    [read] = sidecar.hold(again)["snapshot"]["reads"]
    assert json.loads(read["content"])["amount"] == 700
    sidecar.approve(again)
    sidecar.wait_state(again, {"executed"})
    assert place.content() == (json.dumps(body).encode() if body else None)
    assert sidecar.hold(hold_id)["state"] == "drift_refused"


@pytest.mark.parametrize(("method", "body"), METHODS, ids=["put", "delete"])
def test_unchanged(sidecar: Sidecar, place: Place, method: str, body: dict[str, Any]) -> None:
    """What nobody touched runs, and what it changes was shown before."""
    place.write(json.dumps(ITEM).encode())
    hold_id = recorded(sidecar, place, method, body)
    [read] = sidecar.hold(hold_id)["snapshot"]["reads"]
    assert read["changes"][0]["path"] == ("name" if body else "")
    sidecar.approve(hold_id)
    sidecar.wait_state(hold_id, {"executed"})
    assert place.content() == (json.dumps(body).encode() if body else None)


def test_deleted_meanwhile(sidecar: Sidecar, place: Place) -> None:
    """A PUT does not bring back what somebody took away."""
    place.write(json.dumps(ITEM).encode())
    hold_id = recorded(sidecar, place, "PUT", {"name": "b"})
    place.remove()
    sidecar.approve(hold_id)
    assert sidecar.wait_state(hold_id, {"drift_refused"})["note"].endswith("the resource is gone")
    assert place.content() is None
