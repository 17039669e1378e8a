"""What an older version left behind is decided, run and answered by this one.

`recorded/` was written by the code of the commit in its `known.json`, run by `tools/record_holds.py`; the
store and the sidecar take the hour of then for now, so that nothing in it has run out.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError

import pytest

from proxy.data_dir.embedded import find_binary
from tests.acceptance.authority import Authority
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.deploy.shipped import ROOT

pytestmark = [pytest.mark.deploy, pytest.mark.acceptance]

RECORDED = ROOT / "tests" / "deploy" / "recorded"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
# As in tools/record_holds.py.
PLACE = ("127.83.45.17", 28437)
CONFIG = f'version: 1\ndestinations: {{allow: ["{PLACE[0]}:{PLACE[1]}"]}}\ninline_wait: {{usual: 0}}\n'


def known() -> dict[str, Any]:
    """The ids of the holds, and when they were recorded."""
    found: dict[str, Any] = json.loads((RECORDED / "known.json").read_text())
    return found


@pytest.fixture
def then(tmp_path: Path) -> dict[str, str]:
    """Variables under which a program takes half a minute after the recording for now."""
    if not FAKETIME.exists():
        pytest.skip(f"there is no {FAKETIME}: install the package faketime")
    clock = tmp_path / "clock"
    clock.write_text(f"{known()['recorded_at'] + 30 - time.time():+.0f}s")
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}


@pytest.fixture
def store(then: dict[str, str]) -> Iterator[str]:
    """The older version's store, served."""
    folder = Path(tempfile.mkdtemp(prefix="sg-", dir="/tmp"))
    shutil.copytree(RECORDED / "appendonlydir", folder / "appendonlydir")
    socket = folder / "redis.sock"
    # The same server as then: another one may not read its files.
    command = [find_binary(), "--port", "0", "--unixsocket", str(socket)]
    command += ["--dir", str(folder), "--appendonly", "yes", "--save", ""]
    with subprocess.Popen(command, env=os.environ | then, stdout=subprocess.DEVNULL) as running:
        try:
            until(socket.exists, deadline=30, what="the store to be there")
            yield f"unix://{socket}"
        finally:
            running.terminate()
            running.wait(30)
            shutil.rmtree(folder)


@pytest.fixture
def sidecar(then: dict[str, str], store: str, tmp_path: Path) -> Iterator[Sidecar]:
    """This version's sidecar, on the older one's keys, journal and store."""
    ca = Authority.create(tmp_path).ca
    made = Sidecar(upstream_ca=ca, config=CONFIG, environment=then | {"REDIS_URL": store})
    shutil.copytree(RECORDED / "keys", made.data_dir / "keys")
    for name in ("journal", "operator.token"):
        shutil.copy(RECORDED / name, made.data_dir / name)
    for path in made.data_dir.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    with made as running:
        yield running


@contextmanager
def upstream() -> Iterator[list[tuple[str, Any]]]:
    """What is posted to the place of the recording."""
    seen: list[tuple[str, Any]] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(201)
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"new")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(PLACE, Answering) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield seen
        server.shutdown()


def again(sidecar: Sidecar, kind: str) -> tuple[int, bytes, str | None]:
    """The agent's call of then; status, body and hold of its answer."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": sidecar.proxy}))
    call = urllib.request.Request(
        f"http://{PLACE[0]}:{PLACE[1]}/orders/{kind}",
        data=json.dumps({"amount": 7, "kind": kind}).encode(),
        headers={"Content-Type": "application/json", "Prefer": "wait=0"},
    )
    try:
        answer = opener.open(call, timeout=30)
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read(), answer.headers.get("Sidegate-Hold")


def test_holds_of_the_version_before(sidecar: Sidecar) -> None:
    """One waits and is decided here, one was approved and runs here, one ran there and is answered here."""
    ids = known()
    assert {hold["hold_id"] for hold in sidecar.holds()} == {ids["pending"], ids["approved"], ids["executed"]}
    assert sidecar.hold(ids["pending"])["state"] == "pending"
    status, _, hold = again(sidecar, "pending")
    assert (status, hold) == (403, ids["pending"])
    assert again(sidecar, "executed")[:2] == (201, b"recorded")
    with upstream() as seen:
        sidecar.wait_state(ids["approved"], {"executed"}, deadline=60)
        sidecar.approve(ids["pending"])
        sidecar.wait_state(ids["pending"], {"executed"}, deadline=60)
        assert sorted(seen, key=str) == [
            (f"/orders/{kind}", {"amount": 7, "kind": kind}) for kind in ("approved", "pending")
        ]
    assert [again(sidecar, kind)[1] for kind in ("approved", "pending")] == [b"new", b"new"]
