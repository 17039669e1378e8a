"""Run the built image once, as strictly as it is meant to be run, and check what it promises."""

import argparse
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import HTTPError

_NAME = "sidegate-try"
_DATA = "sidegate-try-data"
_TRUST = "sidegate-try-trust"
_USER = "1337"
_READY_SECONDS = 30.0
_STOP_SECONDS = 15.0
_TIMEOUT = 10.0
_PAUSE = 0.1
_UNWANTED = ("gcc", "cc", "g++", "clang", "make", "ld", "/opt/sidegate/bin/pip")
_RULES = "version: 1\n"


class Failed(Exception):
    """the image does not do what it promises; the message says which"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Podman:
    """podman on the storage into which the image was built."""

    options: tuple[str, ...]

    def __call__(self, *arguments: str, check: bool = True, timeout: float = 120.0) -> str:
        """The output of one command. Raises Failed with its complaint if it fails."""
        command = ("podman", *self.options, *arguments)
        shown = f"`podman {' '.join(arguments)}`"
        try:
            done = subprocess.run(  # noqa: S603 (our own words)
                command, capture_output=True, text=True, timeout=timeout, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise Failed(f"{shown} did not end within {timeout:g} s") from error
        if check and done.returncode:
            raise Failed(f"{shown} ended with {done.returncode}: {done.stderr}")
        return done.stdout.strip()


@dataclass(slots=True, kw_only=True)
class Upstream:
    """A server on loopback that remembers what reached it."""

    seen: list[str] = field(default_factory=list)
    port: int = 0

    def start(self) -> None:
        """Serve until this process ends."""
        seen = self.seen

        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._answer()

            def _answer(self) -> None:
                seen.append(f"{self.command} {self.path}")
                body = f"upstream heard {self.command} {self.path}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()


@dataclass(slots=True, kw_only=True)
class Trial:
    """One container from its first start to its last stop."""

    podman: Podman
    image: str
    folder: Path
    upstream: Upstream
    proxy: str
    console: str
    hold_id: str = ""

    def run(self) -> None:
        """Every check in turn. Raises Failed at the first that does not hold."""
        steps: tuple[tuple[str, Callable[[], str]], ...] = (
            ("contents", self.contents),
            ("list of what is in it", self.listed),
            ("capture's tool", self.capture),
            ("start", self.start),
            ("user", self.user),
            ("root file system", self.read_only),
            ("health check", self.health),
            ("certificates for the agent", self.trust),
            ("a read", self.read),
            ("a write", self.write),
            ("SIGTERM", self.stop),
            ("second start", self.start_again),
            ("the approved write", self.approve),
            ("SIGTERM again", self.stop),
        )
        for name, step in steps:
            _say(f"{name}: {step()}")

    def contents(self) -> str:
        """No compiler, no installer, nothing cached, and nothing of ours runs with another's rights."""
        script = (
            f"for name in {' '.join(_UNWANTED)}; do command -v $name; done;"
            " find / -xdev -path '*/.cache/pip' -print;"
            " find /opt/sidegate /var/lib/sidegate -xdev -perm /6000 -print; true"
        )
        found = self._alone("/bin/sh", "-c", script)
        _require(not found, f"the image holds {found.split()}")
        return "no compiler, no pip, no cache"

    def listed(self) -> str:
        """The SBOM names every package that the image's Python finds, and nothing else."""
        script = (
            "import json, importlib.metadata as m;"
            "named = {c['name'].lower().replace('_', '-') for c in"
            " json.load(open('/opt/sidegate/lib/sbom.cdx.json'))['components']};"
            "found = {d.name.lower().replace('_', '-') for d in m.distributions()} - {'sidegate'};"
            "print(len(found), sorted(found ^ (named - {'sidegate'})))"
        )
        count, _, wrong = self._alone("/opt/sidegate/bin/python", "-c", script).partition(" ")
        _require(wrong == "[]", f"the list and the packages differ in {wrong}")
        return f"{count} packages"

    def capture(self) -> str:
        """It is there, and without rights it says so instead of doing half of it."""
        rules = self._alone("/opt/sidegate/bin/sidegate", "capture", "up", "--dry-run")
        _require("redirect" in rules, f"no rules: {rules}")
        self._alone("nft", "--version")
        return "nft is there, and has rules to load"

    def start(self) -> str:
        """From nothing to ready."""
        flags = ("--listen", self.proxy, "--console", self.console, "--data-dir", "/var/lib/sidegate")
        files = ("--rules", "/etc/sidegate/rules.yaml", "--config", "/etc/sidegate/config.yaml")
        self.podman(
            *("run", "--detach", "--name", _NAME, "--network", "host", *_LOCKED),
            *("--volume", f"{_DATA}:/var/lib/sidegate", "--volume", f"{self.folder}:/etc/sidegate:ro"),
            *(self.image, "serve", *flags, *files),
        )
        return self._await_ready()

    def start_again(self) -> str:
        """The same container on the same volume."""
        self.podman("start", _NAME)
        ready = self._await_ready()
        self._command("holds", self.hold_id)
        return f"{ready}, hold {self.hold_id} is there"

    def user(self) -> str:
        """Its ids and rights as the kernel has them."""
        status = self._status()
        for name in ("Uid", "Gid"):
            _require(status[name].split() == [_USER] * 4, f"{name} is {status[name]}")
        for name in ("CapEff", "CapBnd"):
            _require(int(status[name], 16) == 0, f"{name} is {status[name]}")
        return f"uid and gid {_USER}, no capability"

    def read_only(self) -> str:
        """Nothing outside the volume and /tmp can be written."""
        for place in ("/opt/sidegate/x", "/etc/x", "/var/x"):
            answer = self.podman("exec", _NAME, "sh", "-c", f"touch {place} 2>&1; true")
            _require("Read-only" in answer, f"`{place}` could be written: {answer}")
        return "read-only"

    def health(self) -> str:
        """The image's own HEALTHCHECK."""
        self.podman("healthcheck", "run", _NAME)
        return "healthy"

    def trust(self) -> str:
        """What compose.yaml hands to the agent: certificates without any key."""
        files = [f"/var/lib/sidegate/{name}" for name in ("ca.pem", "ca-bundle.pem")]
        volumes = (f"{_DATA}:/var/lib/sidegate:ro", f"{_TRUST}:/srv/trust")
        self._alone("install", "-m", "0444", "-t", "/srv/trust", *files, volumes=volumes)
        content = self._alone("cat", "/srv/trust/ca.pem", volumes=(f"{_TRUST}:/srv/trust:ro",))
        _require("BEGIN CERTIFICATE" in content, "`ca.pem` is no certificate")
        _require("PRIVATE" not in content, "`ca.pem` holds a private key")
        return "copied, without a key"

    def read(self) -> str:
        """A GET passes, unchanged."""
        status, _, body = self._call("/page")
        _require((status, body) == (200, "upstream heard GET /page"), f"{status} {body}")
        return f"passed: 200 {body!r}"

    def write(self) -> str:
        """A POST is held, and the upstream hears nothing."""
        status, self.hold_id, body = self._call("/order", b"{}")
        _require(status == 403 and bool(self.hold_id), f"{status} {body}")
        _require(self.upstream.seen == ["GET /page"], f"the upstream saw {self.upstream.seen}")
        return f"held as {self.hold_id}, nothing sent"

    def approve(self) -> str:
        """It runs once after approval, though sidecar and connection are others by now."""
        self._command("approve", "--yes", self.hold_id)
        _until(lambda: "POST /order" in self.upstream.seen, "the approved write did not arrive")
        status, _, body = self._call("/order", b"{}")
        _require((status, body) == (200, "upstream heard POST /order"), f"{status} {body}")
        _require(self.upstream.seen.count("POST /order") == 1, f"{self.upstream.seen}")
        return "sent once, and the same POST again got its answer"

    def stop(self) -> str:
        """Drained and gone with exit code 0."""
        started = time.monotonic()
        self.podman("kill", "--signal", "TERM", _NAME)
        code = self.podman("wait", _NAME, timeout=_STOP_SECONDS)
        took = time.monotonic() - started
        _require(code == "0", f"exit code {code}: {self.logs()}")
        return f"exit code 0 after {took:.1f} s"

    def logs(self) -> str:
        """The end of what the container wrote."""
        done = subprocess.run(  # noqa: S603 (our own words)
            ("podman", *self.podman.options, "logs", "--tail", "30", _NAME),  # noqa: S607
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        return done.stdout + done.stderr

    def clean(self) -> None:
        """Leave nothing of this trial."""
        self.podman("rm", "--force", "--time", "1", _NAME, check=False)
        self.podman("volume", "rm", "--force", _DATA, _TRUST, check=False)

    def _await_ready(self) -> str:
        started = time.monotonic()
        _until(self._ready, "it was not ready in time", within=_READY_SECONDS)
        return f"ready after {time.monotonic() - started:.1f} s"

    def _ready(self) -> bool:
        if self.podman("inspect", "--format", "{{.State.Running}}", _NAME) != "true":
            raise Failed("the container ended before it was ready")
        try:
            with _DIRECT.open(f"http://{self.console}/readyz", timeout=_TIMEOUT) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _call(self, path: str, body: bytes | None = None) -> tuple[int, str, str]:
        """Status, hold id and body of one request through the sidecar."""
        proxied = urllib.request.build_opener(urllib.request.ProxyHandler({"http": f"http://{self.proxy}"}))
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.upstream.port}{path}",
            data=body,
            headers={"Prefer": "wait=0", "Content-Type": "application/json"},
        )
        try:
            answer = proxied.open(request, timeout=_TIMEOUT)
        except HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers.get("Sidegate-Hold", ""), answer.read().decode()

    def _command(self, *arguments: str) -> str:
        return self.podman("exec", _NAME, "sidegate", *arguments)

    def _alone(self, *command: str, volumes: Sequence[str] = ()) -> str:
        """Run `command` in a container of its own, without a network."""
        mounted = [word for volume in volumes for word in ("--volume", volume)]
        entry = ("--entrypoint", json.dumps(list(command)))
        return self.podman("run", "--rm", "--network", "none", *_LOCKED, *mounted, *entry, self.image)

    def _status(self) -> dict[str, str]:
        pid = self.podman("inspect", "--format", "{{.State.Pid}}", _NAME)
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


# What a strict platform gives it; the limits are set because raising them may need a right.
_LOCKED = (
    *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),  # noqa: S108 (the container's own)
    *("--security-opt", "no-new-privileges"),
    *("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"),
)
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> int:
    """Return 0 when everything held, else 1."""
    arguments = _arguments()
    podman = Podman(
        options=(
            *("--root", arguments.storage, "--runroot", f"{arguments.storage}-run"),
            *("--storage-driver", arguments.driver, "--runtime", shutil.which("runc") or "runc"),
            *("--cgroup-manager", "cgroupfs", "--events-backend", "file", "--log-level", "fatal"),
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        trial = _prepare(podman, arguments.image, Path(folder))
        trial.clean()
        try:
            trial.run()
        except (Failed, OSError) as error:
            _say(f"FAILED: {error}\n{trial.logs()}")
            return 1
        finally:
            trial.clean()
    size = int(podman("image", "inspect", "--format", "{{.Size}}", arguments.image))
    _say(f"{arguments.image} has {size / 1e6:.0f} MB with its base image; all checks passed")
    return 0


def _prepare(podman: Podman, image: str, folder: Path) -> Trial:
    upstream = Upstream()
    upstream.start()
    (folder / "rules.yaml").write_text(_RULES)
    (folder / "config.yaml").write_text(
        f'version: 1\ndestinations: {{allow: ["127.0.0.1:{upstream.port}"]}}\n'
        "windows: {grace_tier_3: 0, grace_tier_4: 0}\n"
    )
    folder.chmod(0o755)
    proxy, console = (f"127.0.0.1:{port}" for port in _free_ports(2))
    return Trial(podman=podman, image=image, folder=folder, upstream=upstream, proxy=proxy, console=console)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [found.getsockname()[1] for found in sockets]
    for found in sockets:
        found.close()
    return ports


def _until(holds: Callable[[], bool], otherwise: str, *, within: float = _TIMEOUT) -> None:
    end = time.monotonic() + within
    while not holds():
        if time.monotonic() > end:
            raise Failed(otherwise)
        time.sleep(_PAUSE)


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Failed(otherwise)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", required=True)
    parser.add_argument("--storage", required=True, metavar="DIR", help="podman's storage")
    parser.add_argument("--driver", required=True, help="the storage's driver")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"image: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
