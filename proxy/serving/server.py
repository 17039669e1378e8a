"""A sidecar started, served and stopped; its parts are made in `parts`."""

import asyncio
import gc
import json
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from proxy.channels import making
from proxy.config import store_fault
from proxy.console.app import create
from proxy.console.granting.using import Using
from proxy.console.reviewing import Reviewing
from proxy.credentials.unreadable import unreadable
from proxy.data_dir.authority import ensure_authority
from proxy.data_dir.embedded import EmbeddedRedis
from proxy.data_dir.files import private_folder, write_secret
from proxy.data_dir.forgetting import forget
from proxy.data_dir.placeholders import write_placeholders
from proxy.destinations import Address
from proxy.serving import leaves
from proxy.serving.doors import Doors
from proxy.serving.listener import CannotServe, Listener, bound
from proxy.serving.memory import keep_private
from proxy.serving.parts import Parts, Settings
from proxy.serving.stopping import on_signal
from proxy.serving.words import first_words, shown_url
from proxy.store.record import StoreUnavailable
from proxy.store.skew import Skew

logger = logging.getLogger(__name__)

_DRAIN_SECONDS = 30.0
_POLL_SECONDS = 0.05
# A large body is judged in a thread, and the loop waits this long for it at each of a call's many steps.
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where a running sidecar can be reached."""

    proxy: str
    console: str
    data_dir: Path


async def serve(settings: Settings, *, announce: Callable[[Serving], None]) -> None:
    """Serve until SIGINT or SIGTERM, then drain; a second signal ends at once. Raises CannotServe."""
    url = settings.redis_url
    if url is not None and (fault := store_fault(url)):
        raise CannotServe(f"the store's URL cannot be used: {fault}; correct REDIS_URL")
    if url is None and settings.config.redis.replicas:
        raise CannotServe("the embedded store has no replicas: give a REDIS_URL, or leave out redis.replicas")
    keep_private()
    stop = on_signal(settings.rulebook.ask)
    sys.setswitchinterval(_SWITCH_SECONDS)
    # A killed sidecar leaves it behind, with addresses where somebody else may listen by now.
    (settings.data_dir / "serve.json").unlink(missing_ok=True)
    ensure_authority(settings.data_dir, settings.config.ca.terms)
    embedded = EmbeddedRedis(settings.data_dir / "redis") if url is None else None
    if embedded is not None:
        await embedded.start()
        url = embedded.url
    try:
        async with asyncio.TaskGroup() as tasks:
            sidecar = await _Sidecar.build(settings, url or "", tasks)
            if embedded is not None:
                beside = (embedded.supervise(), forget(embedded.url, sidecar.parts.deadlines.shredded))
                sidecar.background += [tasks.create_task(part) for part in beside]
            try:
                await sidecar.run(stop, announce)
            finally:
                await sidecar.end()
    finally:
        if embedded is not None:
            await embedded.stop()


class _Sidecar:
    """One running sidecar: its parts, its doors, and what runs beside its listeners."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.tasks = parts, parts.tasks
        self.doors = Doors(parts.settings.capture)
        self.background: list[asyncio.Task[None]] = []

    @classmethod
    async def build(cls, settings: Settings, url: str, tasks: asyncio.TaskGroup) -> "_Sidecar":
        """Make all parts; what cannot be had is said before anything listens."""
        private_folder(settings.data_dir / "keys")
        parts = Parts(settings, url, tasks)
        for missing in unreadable(settings.config.credentials):
            logger.warning("credential.unreadable credential=%s why=%s", missing.credential, missing.why)
        write_placeholders(settings.data_dir, parts.injection.exports if parts.injection else {})
        try:
            await parts.store.check()
        except StoreUnavailable as error:
            said = first_words(error.__cause__)
            raise CannotServe(f"{error}{said}: start Redis, or correct REDIS_URL") from error
        return cls(parts)

    async def run(self, stop: asyncio.Event, announce: Callable[[Serving], None]) -> None:
        """Listen on both sides until `stop`, then drain."""
        parts = self.parts
        listening = bound(parts.settings.console, "--console")
        console: Address = listening.getsockname()[:2]
        bound(parts.settings.listen, "--listen").close()
        self.doors.bind()
        # Before anything listens, so that there is no moment in which an agent could reach them.
        parts.destinations.own_ports.update((parts.settings.listen[1], console[1], *self.doors.ports))
        reviewing = parts.reviewing(console)
        listener = Listener(create(reviewing), listening)
        self._watch(reviewing)
        console_task = self.tasks.create_task(listener.run())
        opened = asyncio.Event()

        async def started() -> None:
            doors = self.doors.run(parts.plane, parts.settings.data_dir, opened.set)
            self.background.append(self.tasks.create_task(doors))

        plane = self.tasks.create_task(parts.plane.run(started))
        await self._first(plane, opened, stop)
        if opened.is_set():
            self._open(console, announce)
        await self._first(plane, stop)
        if not stop.is_set():
            raise CannotServe("the agents' listener is closed: the log says why")
        await self._drain()
        listener.stop()
        parts.plane.stop()
        await asyncio.gather(plane, console_task)

    def _watch(self, reviewing: Reviewing) -> None:
        """Start what runs beside the listeners."""
        parts = self.parts
        settings = parts.settings
        watches = (
            parts.signals.listen(),
            parts.audit.trail.watch(),
            parts.deadlines.watch(),
            parts.worker.watch(),
            parts.unknowns.watch(),
            parts.drills.watch(),
            parts.sampling.watch(),
            settings.rulebook.watch(parts.metrics, self._rules_changed),
            Skew(store=parts.store, metrics=parts.metrics).watch(),
            making.make(reviewing).watch(),
            Using(reviewing).watch(),
            leaves.watch(settings.data_dir, settings.config.ca.terms, parts.plane.sign_anew),
        )
        self.background += [self.tasks.create_task(watch) for watch in watches]
        self.background += [self.tasks.create_task(feed.watch()) for feed in parts.audit_feeds()]

    def _rules_changed(self) -> None:
        self.parts.destinations.forget()
        self.parts.audit.rules(self.parts.settings.rulebook.current())

    async def _first(self, plane: asyncio.Task[None], *events: asyncio.Event) -> None:
        """Wait for the first of them."""
        waits = [self.tasks.create_task(event.wait()) for event in events]
        await asyncio.wait([plane, *waits], return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _open(self, console: Address, announce: Callable[[Serving], None]) -> None:
        """Everything listens: tell the world, and spare the collector what will never be garbage."""
        settings, plane = self.parts.settings, self.parts.plane
        proxy = plane.address or settings.listen
        self.parts.destinations.own_ports.add(proxy[1])
        serving = Serving(proxy=shown_url(proxy), console=shown_url(console), data_dir=settings.data_dir)
        found = {"proxy": serving.proxy, "console": serving.console, "pid": os.getpid()}
        found |= self.doors.named
        write_secret(settings.data_dir / "serve.json", json.dumps(found).encode())
        gc.collect()
        gc.freeze()
        announce(serving)

    async def _drain(self) -> None:
        """Let what is under way finish; what is held stays held."""
        logger.info("serve.draining")
        parts = self.parts
        await parts.plane.close()
        parts.signals.draining = True
        parts.signals.wake()
        end = monotonic() + _DRAIN_SECONDS
        while parts.busy and monotonic() < end:  # noqa: ASYNC110 (sets of several parts, once in a life)
            await asyncio.sleep(_POLL_SECONDS)

    async def end(self) -> None:
        """Stop what runs beside the listeners."""
        await self.parts.snapshots.stop()
        for task in self.background:
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)
        (self.parts.settings.data_dir / "serve.json").unlink(missing_ok=True)
        await self.parts.redis.aclose()
        self.parts.journal.close()
        await asyncio.to_thread(self.parts.audit.trail.close)
        if self.parts.traces is not None:
            await asyncio.to_thread(self.parts.traces.close)
        if self.parts.witness is not None:
            self.parts.witness.close()
