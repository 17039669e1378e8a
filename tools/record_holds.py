"""Records what a sidecar of an older commit leaves behind, for the test that a newer one goes on with it.

    python tools/record_holds.py f596462 tests/deploy/recorded

Runs that commit's own code with an embedded store: one call is held and waits, one is approved while its
upstream is away, one is executed. Then the data folder is copied without what a start makes anew.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError

_ROOT = Path(__file__).parents[1]
# Nobody else listens there, and the call that is replayed later has to find its upstream again.
PLACE = ("127.83.45.17", 28437)
CONFIG = f'version: 1\ndestinations: {{allow: ["{PLACE[0]}:{PLACE[1]}"]}}\ninline_wait: {{usual: 0}}\n'
_SECONDS = 30.0


def main() -> int:
    """Return 0 when it is recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("to", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        tree = folder / "tree"
        tree.mkdir()
        command = ("git", "-C", str(_ROOT), "archive", arguments.commit)
        archive = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 (our own words)
        subprocess.run(("tar", "-x", "-C", str(tree)), input=archive.stdout, check=True)  # noqa: S603, S607
        holds = _record(tree, folder)
        _keep(folder / "data", arguments.to, holds | {"commit": arguments.commit, "recorded_at": time.time()})
    return 0


def _record(tree: Path, folder: Path) -> dict[str, str]:
    """The ids of the holds, by what became of them."""
    (folder / "config.yaml").write_text(CONFIG)
    program = [sys.executable, str(tree / "sidegate.py")]
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("SIDEGATE", "REDIS"))}
    environment |= {"PYTHONPATH": str(tree), "SIDEGATE_DATA_DIR": str(folder / "data")}
    flags = ["--listen", "127.0.0.1:0", "--console", "127.0.0.1:0", "--config", str(folder / "config.yaml")]
    serve = [*program, "serve", *flags]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.DEVNULL) as sidecar:  # noqa: S603
        try:
            place = folder / "data" / "serve.json"
            _until(place.exists)
            proxy = json.loads(place.read_text())["proxy"]
            holds = {kind: _ask(proxy, kind) for kind in ("pending", "approved", "executed")}

            def cli(*words: str) -> str:
                done = subprocess.run(  # noqa: S603 (our own words)
                    [*program, *words], env=environment, capture_output=True, text=True, check=True
                )
                return done.stdout

            with _upstream():
                cli("approve", "--yes", holds["executed"])
                _until(lambda: '"executed"' in cli("holds", "--json", holds["executed"]))
            cli("approve", "--yes", holds["approved"])
        finally:
            sidecar.terminate()
    return holds


def _ask(proxy: str, kind: str) -> str:
    """The hold of a call that changes something."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
    request = urllib.request.Request(
        f"http://{PLACE[0]}:{PLACE[1]}/orders/{kind}",
        data=json.dumps({"amount": 7, "kind": kind}).encode(),
        headers={"Content-Type": "application/json", "Prefer": "wait=0"},
    )
    try:
        opener.open(request, timeout=_SECONDS)
    except HTTPError as error:
        return str(error.headers["Sidegate-Hold"])
    raise SystemExit(f"the call `{kind}` was not held")


@contextmanager
def _upstream() -> Iterator[None]:
    """Answers whatever is posted."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.send_header("Content-Length", "8")
            self.end_headers()
            self.wfile.write(b"recorded")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(PLACE, Answering)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _keep(data: Path, to: Path, known: dict[str, object]) -> None:
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    for name in ("keys", "journal", "operator.token"):
        (shutil.copytree if (data / name).is_dir() else shutil.copy)(data / name, to / name)
    shutil.copytree(data / "redis" / "appendonlydir", to / "appendonlydir")
    (to / "known.json").write_text(json.dumps(known, indent=1) + "\n")


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("it took too long")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
