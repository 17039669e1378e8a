"""A room for one agent: a network namespace in which everything leads to the gate, or nowhere.

There is no cable to the world in it. Its only interface is loopback, every address is routed there, and
nftables redirects what arrives; the sockets behind are served by the sidecar, which stays outside. Rules,
sockets and addresses are gone with the last process in the room, however that ends.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from proxy.capture import kernel, table
from proxy.capture.listening import Listening, Role, bound, port_of
from proxy.capture.plan import Plan
from proxy.capture.programs import CaptureError, found, run

SHELF = Path("/run/sidegate")
"""Where agents of another user than the sidecar's find the certificates."""

_OWN_4, _OWN_6 = "198.18.0.2", "2001:2::2"
_HERE = "127.0.0.1"
# Whoever may talk to these gets other programs, outside, to do what is asked: run containers, resolve names.
_ERRANDS = (
    "/run/docker.sock",
    "/run/containerd",
    "/run/podman",
    "/run/crio",
    "/run/dbus",
    "/run/nscd",
    "/run/systemd/resolve",
)
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whom the agent runs as. `groups` None: those that it has."""

    uid: int
    gid: int
    groups: list[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Files that agents trust by, name and content, and which of them replaces the system's bundle."""

    files: dict[str, bytes]
    bundle: str


def why_not() -> str | None:
    """Why no room can be made here, or None. This process stays where it is."""
    try:
        found("nft")
        found("ip")
    except CaptureError as error:
        return str(error)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _try_it(writer)
    os.close(writer)
    with open(reader, "rb") as said:  # noqa: PTH123 (a descriptor has no path)
        words = said.read().decode()
    _, status = os.waitpid(child, 0)
    return None if status == 0 else words or "a network namespace cannot be made here"


def enter() -> None:
    """Leave for a new network and mounts of one's own, which takes no rights where the kernel lets everybody.

    Raises CaptureError.
    """
    if os.geteuid() != 0:
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(os.CLONE_NEWUSER, "a user namespace")
        kernel.map_user(inside=0, outside=uid, group_inside=0, group_outside=gid)
    kernel.unshare(os.CLONE_NEWNET | os.CLONE_NEWNS, "a network namespace")
    kernel.keep_mounts()


def furnish(proxy_port: int) -> list[Listening]:
    """Route everything here, and redirect it to the returned sockets. Raises CaptureError, OSError."""
    run("ip", "link", "set", "lo", "up")
    for family, own, length in _families():
        # Usable at once: nobody else can have the address.
        ready = ("nodad",) if family == "-6" else ()
        run("ip", family, "address", "add", f"{own}/{length}", "dev", "lo", *ready)
        run("ip", family, "route", "add", "default", "dev", "lo", "src", own)
    known = bound(Role.PROXY, proxy_port, hosts=(_HERE,))
    captured, names = bound(Role.CAPTURED, 0), bound(Role.DNS, 0)
    table.up(Plan(to=port_of(captured), dns=port_of(names)))
    return [*known, *captured, *names]


def cover(data_dir: Path, trust: Trust, *, shelf: Path) -> None:
    """Take out of sight what leads past the gate, and put what agents trust on `shelf`.

    Raises CaptureError.
    """
    for path in map(Path, _ERRANDS):
        if path.is_dir():
            kernel.mount_empty(path)
        elif path.exists():
            kernel.mount_over(Path(os.devnull), path)
    kernel.mount_empty(data_dir)
    if shelf != data_dir:
        kernel.mount_empty(shelf)
    for name, content in trust.files.items():
        (shelf / name).write_bytes(content)
    for path in {Path(text).resolve() for text in _BUNDLES if Path(text).exists()}:
        kernel.mount_over(shelf / trust.bundle, path)
    with _somewhere():
        os.chdir(Path.cwd())


def leave_as(person: Person, *, was_root: bool) -> None:
    """Become the agent's user, with nothing left that could undo the room. Raises CaptureError."""
    if not was_root:
        # One's own user again, in a namespace that has no power over the one in which the room was made.
        kernel.unshare(os.CLONE_NEWUSER, "a user namespace")
        kernel.map_user(inside=person.uid, outside=0, group_inside=person.gid, group_outside=0)
    kernel.lose_privileges(uid=person.uid, gid=person.gid, groups=person.groups if was_root else None)


def _families() -> Iterator[tuple[str, str, int]]:
    yield "-4", _OWN_4, 32
    if Path("/proc/net/if_inet6").exists():
        yield "-6", _OWN_6, 128


@contextmanager
def _somewhere() -> Iterator[None]:
    """A working folder that is out of sight now is left."""
    try:
        yield
    except OSError:
        os.chdir("/")


def _try_it(writer: int) -> None:
    """In a child: make an empty room, and say why not."""
    try:
        enter()
        run("nft", "list", "tables")
    except CaptureError as error:
        os.write(writer, str(error).encode())
        os._exit(1)
    os._exit(0)
