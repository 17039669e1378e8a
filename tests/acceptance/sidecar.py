"""The real `sidegate` command as a process of its own, with a folder of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from tests.acceptance.processes import kill, listener_of, living_in, until
from tests.ports import free_ports

_ROOT = Path(__file__).parents[2]
_LAUNCHER = (sys.executable, str(_ROOT / "sidegate.py"))
_LOG_TAIL = 8_000

NO_GRACE = "{grace_tier_3: 0, grace_tier_4: 0}"
OPEN_LOCALHOST = 'version: 1\ndestinations:\n  allow: ["localhost"]\n'
"""The configuration under which the upstreams of these tests can be reached."""


def witness_beside(upstream_ca: Path) -> Path:
    """The one witness of all sidecars that trust the same upstreams, which outlives each of them."""
    return upstream_ca.with_name("witness.jsonl")


class Sidecar:
    """One sidecar: its two ports and its data folder outlive a kill and a new start."""

    def __init__(
        self,
        *,
        upstream_ca: Path,
        rules: str | None = None,
        config: str = OPEN_LOCALHOST,
        environment: Mapping[str, str] | None = None,
        launcher: Sequence[str] = _LAUNCHER,
        flags: Sequence[str] = (),
    ) -> None:
        # Straight under /tmp: a unix socket's path may have no more than 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="sidegate-", dir="/tmp"))
        self._launcher = tuple(launcher)
        self._environment = _clean_environment() | _NO_CHANCE | dict(environment or {})
        self._proxy_port, self._console_port = free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None
        self.configure(config)
        self._flags = ["--config", str(self._config), "--upstream-ca", str(upstream_ca)]
        self._flags += ["--witness", str(witness_beside(upstream_ca)), *flags]
        if rules is not None:
            rules_file = self.folder / "rules.yaml"
            rules_file.write_text(rules)
            self._flags += ["--rules", str(rules_file)]

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _config(self) -> Path:
        return self.folder / "config.yaml"

    def configure(self, config: str) -> None:
        """Take `config` at the next start; where it says nothing of the windows, approvals run at once."""
        windows = "" if "windows:" in config else f"windows: {NO_GRACE}\n"
        self._config.write_text(f"{config.rstrip()}\n{windows}")

    @property
    def proxy(self) -> str:
        """The agents' door, as a proxy address."""
        return f"http://127.0.0.1:{self._proxy_port}"

    @property
    def console(self) -> str:
        """The reviewers' door."""
        return f"http://127.0.0.1:{self._console_port}"

    @property
    def data_dir(self) -> Path:
        """What `--data-dir` names."""
        return self.folder / "data"

    @property
    def ca(self) -> Path:
        """Sidegate's own CA certificate, which its clients trust."""
        return self.data_dir / "ca.pem"

    @property
    def ca_bundle(self) -> Path:
        """The system's certificates and Sidegate's, for clients whose setting replaces trust."""
        return self.data_dir / "ca-bundle.pem"

    @property
    def token(self) -> str:
        """The operator's bearer token for the reviewers' door."""
        return (self.data_dir / "operator.token").read_text().strip()

    @property
    def redis_socket(self) -> Path:
        """Where the embedded server listens."""
        return self.data_dir / "redis" / "redis.sock"

    @property
    def pid(self) -> int:
        """The process id of the running sidecar."""
        return self._alive().pid

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._alive().poll() is not None

    @property
    def ready(self) -> bool:
        """Whether it says that it is ready."""
        try:
            _get(f"{self.console}/readyz")
        except OSError:
            return False
        return True

    @property
    def log(self) -> str:
        """All that the sidecar wrote to its two outputs, over every start."""
        file = self.folder / "serve.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def start(self, *, deadline: float = 30.0) -> None:
        """Start `sidegate serve` and wait until it is ready."""
        assert self._process is None, "the sidecar runs already"
        command = [*self._launcher, "serve", "--data-dir", str(self.data_dir), *self._flags]
        command += ["--listen", self.proxy.removeprefix("http://")]
        command += ["--console", self.console.removeprefix("http://")]
        with (self.folder / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C in the test run is not Ctrl-C in the sidecar
            )
        until(self._ready, deadline=deadline, what="the sidecar to be ready", also=self._tail)

    def stop(self, *, deadline: float = 20.0) -> int:
        """Ask it to end as Ctrl-C does; return its exit code."""
        process = self._alive()
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(deadline)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise AssertionError(f"no end within {deadline:g} s of Ctrl-C\n{self._tail()}") from None
        self._process = None
        return code

    def kill9(self) -> None:
        """End it without a chance to tidy up; its embedded server lives on."""
        process = self._alive()
        process.kill()
        process.wait()
        self._process = None

    def freeze(self) -> None:
        """Stop it in its tracks; what others send it waits in the sockets."""
        self._alive().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._alive().send_signal(signal.SIGCONT)

    def redis_pid(self) -> int | None:
        """The process that listens on the embedded server's socket, told by the kernel."""
        return listener_of(self.redis_socket)

    def kill9_redis(self) -> int:
        """End the embedded server without a chance to tidy up; return the pid it had."""
        pid = self.redis_pid()
        assert pid is not None, f"no embedded server at {self.redis_socket}\n{self._tail()}"
        kill(pid)
        return pid

    @contextmanager
    def redis_stopped(self) -> Iterator[None]:
        """The embedded server hangs: it neither answers nor dies."""
        pid = self.redis_pid()
        assert pid is not None, f"no embedded server at {self.redis_socket}\n{self._tail()}"
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def memory(self) -> int:
        """Resident bytes of the sidecar's process, without its embedded server."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """End what runs, the embedded server too, and remove the folder."""
        try:
            if self._process is not None and self._process.poll() is None:
                self.stop()
        finally:
            for pid in living_in(self.folder):
                kill(pid)
            if embedded := self.redis_pid():
                kill(embedded)
            shutil.rmtree(self.folder)

    def cli(
        self, *arguments: str, deadline: float = 30.0, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one other subcommand against this sidecar's data folder."""
        subcommand, *rest = arguments
        return subprocess.run(
            [*self._launcher, subcommand, "--data-dir", str(self.data_dir), *rest],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=deadline,
            env=self._environment,
            check=False,
        )

    def holds(self) -> list[dict[str, Any]]:
        """The holds that `sidegate holds --json` lists."""
        listed: list[dict[str, Any]] = json.loads(self._succeed("holds", "--json"))["holds"]
        return listed

    def hold(self, hold_id: str) -> dict[str, Any]:
        """The one hold that `sidegate holds ID --json` shows whole."""
        hold: dict[str, Any] = json.loads(self._succeed("holds", hold_id, "--json"))["hold"]
        return hold

    def approve(self, hold_id: str) -> str:
        """`sidegate approve ID`; a refusal fails the test, `cli` is for those that expect one."""
        return self._succeed("approve", hold_id)

    def reject(self, hold_id: str, reason: str) -> str:
        """`sidegate reject ID --reason TEXT`, likewise."""
        return self._succeed("reject", hold_id, "--reason", reason)

    def wait_state(self, hold_id: str, states: Collection[str], *, deadline: float = 20.0) -> dict[str, Any]:
        """Wait until the hold is in one of the states; return it."""

        def in_state() -> dict[str, Any] | None:
            hold = self.hold(hold_id)
            return hold if hold["state"] in states else None

        what = f"hold {hold_id} to be {' or '.join(states)}"
        return until(in_state, deadline=deadline, what=what, also=self._tail)

    def metrics(self) -> dict[str, float]:
        """GET /metrics, as `name{label="value",...}` with the labels in alphabetical order."""
        return {_series(sample): sample.value for sample in self._samples()}

    def metric(self, name: str, **labels: str) -> float:
        """The sum of all samples of that name which carry at least those labels."""
        wanted = labels.items()
        return sum(
            sample.value
            for sample in self._samples()
            if sample.name == name and wanted <= sample.labels.items()
        )

    def _samples(self) -> Iterator[Sample]:
        for family in text_string_to_metric_families(_get(f"{self.console}/metrics")):
            yield from family.samples

    def _alive(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the sidecar does not run"
        return self._process

    def _ready(self) -> bool:
        code = self._alive().poll()
        if code is not None:
            self._process = None
            raise AssertionError(f"the sidecar ended with {code} before it was ready\n{self._tail()}")
        return self.ready

    def _succeed(self, *arguments: str) -> str:
        done = self.cli(*arguments)
        assert done.returncode == 0, (
            f"`sidegate {' '.join(arguments)}` ended with {done.returncode}\n"
            f"{done.stdout}{done.stderr}\n{self._tail()}"
        )
        return done.stdout

    def _tail(self) -> str:
        return f"--- the sidecar's log ---\n{self.log[-_LOG_TAIL:]}"


def _get(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as response:
        return str(response.read().decode())


def _series(sample: Sample) -> str:
    inner = ",".join(f'{name}="{sample.labels[name]}"' for name in sorted(sample.labels))
    return f"{sample.name}{{{inner}}}" if inner else sample.name


# One hold in fifty would be followed by one more, and one passed call in fifty be kept.
_NO_CHANCE = {"SIDEGATE__DRILLS__RATE": "0", "SIDEGATE__PASS_AUDIT__RATE": "0"}


def _clean_environment() -> dict[str, str]:
    """Our own environment without what would steer the sidecar or send its calls elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("SIDEGATE_", "REDIS_"))
    }
