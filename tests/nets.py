"""Network namespaces for tests: each is held by this object alone, and gone with it."""

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import pytest

_PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def _missing() -> str:
    """Why there are no namespaces here, or nothing."""
    lacking = [tool for tool in ("nft", "ip", "setpriv") if shutil.which(tool, path=_PATH) is None]
    if lacking:
        return f"needs {', '.join(lacking)}: run tools/system.sh iproute2 nftables"
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    return "" if _allowed() else "this machine makes no network namespaces"


def _allowed() -> bool:
    try:
        Net().close()
    except OSError:
        return False
    return True


class Net:
    """A network namespace with nothing in it but a loopback that is down."""

    def __init__(self) -> None:
        made: list[int | OSError] = []
        thread = threading.Thread(target=_make, args=(made,))
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        self.descriptor = made[0]
        self._outside: list[int] = []

    def close(self) -> None:
        """Let it go; processes and sockets in it keep it."""
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        """Be in it, with this thread: sockets that it makes, and processes that it starts, stay there."""
        self._outside.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
        os.setns(self.descriptor, os.CLONE_NEWNET)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        outside = self._outside.pop()
        os.setns(outside, os.CLONE_NEWNET)
        os.close(outside)

    def run(self, *command: str, uid: int | None = None, stdin: str = "", seconds: float = 60.0) -> str:
        """What a command prints that runs there, as `uid` without any privilege. It has to succeed."""
        done = self.try_(*command, uid=uid, stdin=stdin, seconds=seconds)
        assert done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def try_(
        self, *command: str, uid: int | None = None, stdin: str = "", seconds: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """A command that runs there and may fail."""
        with self:
            process = subprocess.Popen(
                [*as_user(uid), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={"PATH": _PATH, "HOME": "/nonexistent"},
                cwd="/",
            )
        out, err = process.communicate(stdin, timeout=seconds)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def as_user(uid: int | None) -> Sequence[str]:
    """What comes before a command to run it as `uid`, without any privilege."""
    if uid is None:
        return ()
    flags = ("--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
    return (str(shutil.which("setpriv", path=_PATH)), f"--reuid={uid}", f"--regid={uid}", *flags)


@contextlib.contextmanager
def nets(count: int) -> Iterator[list[Net]]:
    """Several of them, with loopback up."""
    with contextlib.ExitStack() as stack:
        made = [Net() for _ in range(count)]
        for net in made:
            stack.callback(net.close)
            net.run("ip", "link", "set", "lo", "up")
        yield made


def joined(pod: Net, world: Net) -> contextlib.AbstractContextManager[None]:
    """Put a cable between both; the pod's way to everywhere leads to the world, over IPv4 and IPv6."""
    pod.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "pod0")
    pod.run("ip", "link", "set", "pod0", "netns", f"/proc/{os.getpid()}/fd/{world.descriptor}")
    for net, device, n in ((pod, "eth0", 2), (world, "pod0", 1)):
        net.run("ip", "address", "add", f"203.0.113.{n}/24", "dev", device)
        net.run("ip", "-6", "address", "add", f"2001:db8:113::{n}/64", "dev", device, "nodad")
        net.run("ip", "link", "set", device, "up")
    pod.run("ip", "route", "add", "default", "via", "203.0.113.1")
    pod.run("ip", "-6", "route", "add", "default", "via", "2001:db8:113::1")
    return contextlib.nullcontext()


def _make(made: list[int | OSError]) -> None:
    """In a thread of its own: leave for a new namespace, and keep a hold on it."""
    try:
        os.unshare(os.CLONE_NEWNET)
        made.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        made.append(error)


WHY_NOT = _missing()
needs_nets = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
