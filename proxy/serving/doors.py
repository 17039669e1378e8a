"""Where captured traffic comes in: at ports of this machine's loopback, and from agents' namespaces."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from proxy.capture.handover import Door
from proxy.capture.listening import Listening, Role, Takes, bound, serve_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where redirected connections and questions arrive; None: nowhere."""

    captured: int | None = None
    dns: int | None = None


NOWHERE = Ports()


class Doors:
    """Sockets from the moment on when they are bound; they are served while `run` runs."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._bound: list[Listening] = []

    def bind(self) -> None:
        """Take the ports. Raises OSError naming the flag."""
        wanted = ((Role.CAPTURED, self._ports.captured, "--capture"), (Role.DNS, self._ports.dns, "--dns"))
        for role, port, flag in wanted:
            if port is None:
                continue
            try:
                self._bound += bound(role, port)
            except OSError as error:
                self.close()
                why = f"cannot listen on port {port} of loopback ({error.strerror}): give another {flag}"
                raise OSError(why) from error

    @property
    def ports(self) -> frozenset[int]:
        """All that are taken."""
        return frozenset(one.socket.getsockname()[1] for one in self._bound)

    @property
    def named(self) -> dict[str, int]:
        """The port of each kind that there is, as `serve.json` says it."""
        names = {Role.CAPTURED: "capture", Role.DNS: "dns"}
        return {names[one.role]: one.socket.getsockname()[1] for one in self._bound}

    async def run(self, plane: Takes, data_dir: Path, opened: Callable[[], None]) -> None:
        """Serve on all of them, call `opened`, and take sockets of namespaces until cancelled."""
        with ExitStack() as closing:
            for one in self._bound:
                closing.callback(await serve_on(plane, one))
            door = Door(plane, data_dir)
            opened()
            await door.run()

    def close(self) -> None:
        """Give the ports back, as far as nobody serves on them."""
        for one in self._bound:
            one.socket.close()
        self._bound.clear()
