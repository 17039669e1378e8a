"""Sockets of an agent's namespace, handed to the sidecar, which serves on them as long as the agent lives."""

import asyncio
import json
import logging
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from proxy.capture.listening import Listening, Role, Takes, serve_on

logger = logging.getLogger(__name__)

_NAME = "capture.sock"
_SECONDS = 10.0
_MOST_SOCKETS = 16
_MOST_BYTES = 4096
_OK = b"ok"
_PEER = struct.Struct("iII")


class NotTaken(Exception):
    """the sidecar did not take the sockets; the message says why"""


class Door:
    """The sidecar's side: a unix socket in its data folder, for its own user and for root."""

    def __init__(self, plane: Takes, data_dir: Path) -> None:
        self._plane = plane
        self._listener = _listener(data_dir)
        self._path = data_dir / _NAME

    async def run(self) -> None:
        """Take sockets until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as visits:
                while True:
                    line, _ = await loop.sock_accept(self._listener)
                    visits.create_task(self._visit(line))
        finally:
            self._listener.close()
            self._path.unlink(missing_ok=True)

    async def _visit(self, line: socket.socket) -> None:
        """One agent, from its sockets to its end."""
        with line, ExitStack() as opened:
            try:
                async with asyncio.timeout(_SECONDS):
                    process = await self._take(line, opened)
            except (OSError, ValueError, TimeoutError) as error:
                logger.warning("capture.not_taken why=%s", type(error).__name__)
                with suppress(OSError):
                    line.send(b"it could not be read")
                return
            with suppress(OSError):
                line.send(_OK)
            logger.info("capture.agent_began")
            await _readable(process)
            logger.info("capture.agent_ended")

    async def _take(self, line: socket.socket, opened: ExitStack) -> int:
        """Serve on what is handed over; returns what tells the end of its process. Raises ValueError."""
        if _uid_of_peer(line) not in (0, os.geteuid()):
            raise ValueError("another user")
        await _readable(line.fileno())
        text, descriptors, _, _ = socket.recv_fds(line, _MOST_BYTES, _MOST_SOCKETS)
        for descriptor in descriptors:
            opened.callback(_close, descriptor)
        names = json.loads(text)
        roles = [Role(name) for name in names] if isinstance(names, list) else []
        if not descriptors or len(roles) != len(descriptors) - 1:
            raise ValueError("sockets are missing")
        *sockets, process = descriptors
        if not _is_process(process):
            raise ValueError("no process")
        for role, descriptor in zip(roles, sockets, strict=True):
            one = Listening(role=role, socket=socket.socket(fileno=os.dup(descriptor)))
            one.socket.setblocking(False)
            opened.callback(await serve_on(self._plane, one))
        return process


def line_to(data_dir: Path) -> socket.socket:
    """A connection to the sidecar's door, made before this process leaves its namespaces. Raises NotTaken."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(_SECONDS)
    try:
        with _near(data_dir) as path:
            line.connect(path)
    except OSError as error:
        line.close()
        raise NotTaken(f"the sidecar of `{data_dir}` takes no namespaces ({error.strerror})") from error
    return line


def hand_over(line: socket.socket, listening: Sequence[Listening]) -> None:
    """Have the sidecar serve on these, until this process and what it becomes has ended. Raises NotTaken."""
    process = os.pidfd_open(os.getpid())
    try:
        text = json.dumps([one.role for one in listening]).encode()
        socket.send_fds(line, [text], [*(one.socket.fileno() for one in listening), process])
        said = line.recv(_MOST_BYTES)
    except OSError as error:
        raise NotTaken(
            f"the sidecar did not take the namespace's sockets ({error.strerror or error})"
        ) from error
    finally:
        os.close(process)
    if said != _OK:
        raise NotTaken("the sidecar did not take the namespace's sockets: its log says why")


def _listener(data_dir: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.setblocking(False)
    (data_dir / _NAME).unlink(missing_ok=True)
    with _near(data_dir) as path:
        made.bind(path)
        Path(path).chmod(0o600)
    made.listen()
    return made


@contextmanager
def _near(data_dir: Path) -> Iterator[str]:
    """The socket's path by way of an open folder: one of a unix socket may have only 107 bytes."""
    folder = os.open(data_dir, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{_NAME}"
    finally:
        os.close(folder)


def _uid_of_peer(line: socket.socket) -> int:
    credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return int(_PEER.unpack(credentials)[1])


def _is_process(descriptor: int) -> bool:
    """Whether it stands for a process, as only such a one can be waited for to its end."""
    return "\nPid:" in Path(f"/proc/self/fdinfo/{descriptor}").read_text()


async def _readable(descriptor: int) -> None:
    """Wait until there is something to read, or, of a process, until it has ended."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)


def _close(descriptor: int) -> None:
    with suppress(OSError):
        os.close(descriptor)
