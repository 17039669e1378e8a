"""The composition: every part of a sidecar made, connected, started and stopped here and nowhere else."""

import asyncio
import gc
import json
import logging
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, time

from proxy.admission import Admission
from proxy.agent import Agent
from proxy.audit.making import FOLDER as AUDIT
from proxy.audit.making import begin, started
from proxy.channels import making
from proxy.config import Config, store_fault
from proxy.console.app import create
from proxy.console.people.factors.proving import Proving
from proxy.console.reviewing import Reviewing
from proxy.credentials.injection import Injection
from proxy.credentials.making import Surroundings, make
from proxy.credentials.sources.shelf import Shelf
from proxy.data_dir.authority import ensure_authority, standing
from proxy.data_dir.embedded import EmbeddedRedis
from proxy.data_dir.files import private_folder, write_secret
from proxy.data_dir.forgetting import forget
from proxy.data_dir.placeholders import write_placeholders
from proxy.data_dir.trust import upstream_bundle, upstream_context
from proxy.destinations import Address, Destinations, store_places
from proxy.drift.again import Again
from proxy.drift.edited import Editing
from proxy.drift.probe import Probe
from proxy.drift.shots import Shots
from proxy.drift.snapshots import Snapshots
from proxy.gate import Gate
from proxy.holding import Holding
from proxy.keeping import Keeping
from proxy.keys.rotation import Rotation
from proxy.keys.seal import load_or_create_key
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Signer, Verifier
from proxy.keys.source import keyring_of
from proxy.mcp.desk import Desk
from proxy.mcp.http import McpOverHttp
from proxy.mcp.own_session import OwnSessions
from proxy.metrics import Metrics
from proxy.replay.journal import Journal
from proxy.replay.replayer import Replayer
from proxy.replay.unknowns import Unknowns
from proxy.replay.worker import Worker
from proxy.rulebook import Rulebook
from proxy.serving import leaves
from proxy.serving.data_plane import DataPlane
from proxy.serving.doors import NOWHERE, Doors, Ports
from proxy.serving.listener import Listener
from proxy.serving.memory import keep_private
from proxy.serving.people import people, people_folder, provider
from proxy.serving.stopping import on_signal
from proxy.serving.words import first_words, shown_url
from proxy.signals import Signals
from proxy.store.connection import connect
from proxy.store.deadlines import Deadlines
from proxy.store.history import History
from proxy.store.record import StoreUnavailable
from proxy.store.skew import Skew
from proxy.store.store import Store
from proxy.suspicion import Suspicion
from proxy.witness import Witness

logger = logging.getLogger(__name__)

_DRAIN_SECONDS = 30.0
_POLL_SECONDS = 0.05
# A large body is judged in a thread, and the loop waits this long for it at each of a call's many steps.
_SWITCH_SECONDS = 0.0005


class CannotServe(Exception):
    """the sidecar cannot start; the message says why and what to do"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the command line, the environment and the files say."""

    listen: Address
    console: Address
    data_dir: Path
    config: Config
    rulebook: Rulebook
    redis_url: str | None
    upstream_ca: Path | None
    witness: Path | None = None
    capture: Ports = NOWHERE


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
                beside = (embedded.supervise(), forget(embedded.url, sidecar.deadlines.shredded))
                sidecar.background += [tasks.create_task(part) for part in beside]
            try:
                await sidecar.run(stop, announce)
            finally:
                await sidecar.end()
    finally:
        if embedded is not None:
            await embedded.stop()


class _Sidecar:
    """The parts of one running sidecar, connected."""

    def __init__(self, settings: Settings, url: str, tasks: asyncio.TaskGroup) -> None:
        config, keys = settings.config, settings.data_dir / "keys"
        trust = upstream_bundle(settings.data_dir, settings.upstream_ca)
        self.settings, self.tasks = settings, tasks
        self.metrics = Metrics()
        signs, *_ = standing(settings.data_dir)
        self.metrics.authority_end_timestamp_seconds.set(signs.certificate.not_valid_after_utc.timestamp())
        self.redis = connect(url)
        place = config.redis
        self.store = Store(
            self.redis, domain=place.domain, clocks=config.clocks, cap=config.cap, replicas=place.replicas
        )
        self.key_source = config.keys.source_in(keys)
        self.sealed = Sealed(keyring_of(self.key_source, domain=config.redis.domain))
        self.signer = Signer(key=load_or_create_key(keys / "console.key"), domain=config.redis.domain)
        self.verifier = Verifier(config.keys.known(self.signer.public), domain=config.redis.domain)
        self.signals = Signals(self.store, self.metrics)
        self.deadlines = Deadlines(store=self.store, metrics=self.metrics)
        self.destinations = Destinations(
            allowed=config.allowed,
            named=settings.rulebook.names_host,
            tunnel_ports=frozenset(config.destinations.connect_ports),
            store=store_places(url),
        )
        key = load_or_create_key(keys / "fingerprint.key")
        self.agent = Agent(principal=config.principal, secret_headers=config.secrets, key=key)
        facts = started(self.agent, settings.rulebook.current(), config.model_dump_json())
        self.audit = begin(
            settings.data_dir / AUDIT / "serve", config.audit, self.signer, self.metrics, facts=facts
        )
        self.store.told = self.audit.stepped
        self.shelf = Shelf(self.redis, domain=config.redis.domain, keyring=self.sealed.keyring)
        around = Surroundings(
            shelf=self.shelf,
            keyed=self.agent.keyed_secret,
            context=lambda: upstream_context(trust),
            now=time,
            metrics=self.metrics,
            tasks=tasks,
            exchange=config.windows.upstream,
        )
        self.credentials = make(config.credentials, around, servers=config.server_urls)
        self.injection = Injection.of(config.credentials, self.credentials, self.agent.placeholder)
        self.witness = Witness(settings.witness) if settings.witness else None
        self.history = History(
            self.redis,
            self.sealed.keyring,
            keep=config.clocks.retention,
            ruleset=settings.rulebook.current,
        )
        self.journal = Journal(settings.data_dir / "journal", keep=config.journal_keep)
        self.snapshots = self._snapshots(trust)
        self.replayer = self._replayer(trust)
        self.worker = Worker(
            store=self.store,
            sealed=self.sealed,
            signals=self.signals,
            replayer=self.replayer,
            tasks=tasks,
        )
        self.keeping = Keeping(
            agent=self.agent,
            store=self.store,
            sealed=self.sealed,
            signals=self.signals,
            metrics=self.metrics,
            history=self.history,
            audit=self.audit,
        )
        rules = settings.rulebook.current
        self.again = Again(keeping=self.keeping, snapshots=self.snapshots, ruleset=rules)
        self.editing = Editing(keeping=self.keeping, snapshots=self.snapshots, ruleset=rules)
        self.unknowns = Unknowns(signals=self.signals, replayer=self.replayer, tasks=tasks)
        self.plane = DataPlane(
            self._gate(),
            listen=settings.listen,
            authority=settings.data_dir / "ca",
            upstream_trust=trust,
            served=config.served,
        )
        self.doors = Doors(settings.capture)
        self.background: list[asyncio.Task[None]] = []

    @classmethod
    async def build(cls, settings: Settings, url: str, tasks: asyncio.TaskGroup) -> "_Sidecar":
        """Make all parts; what cannot be had is said before anything listens."""
        private_folder(settings.data_dir / "keys")
        sidecar = cls(settings, url, tasks)
        write_placeholders(settings.data_dir, sidecar.injection.exports if sidecar.injection else {})
        try:
            await sidecar.store.check()
        except StoreUnavailable as error:
            said = first_words(error.__cause__)
            raise CannotServe(f"{error}{said}: start Redis, or correct REDIS_URL") from error
        return sidecar

    def _snapshots(self, trust: Path) -> Snapshots:
        return Snapshots(
            shots=Shots(self.store, self.sealed),
            probe=Probe(
                destinations=self.destinations,
                ruleset=self.settings.rulebook.current,
                trust=upstream_context(trust),
                witness=self.witness,
            ),
            credentials=self.credentials,
            metrics=self.metrics,
            tasks=self.tasks,
        )

    def _replayer(self, trust: Path) -> Replayer:
        config = self.settings.config
        return Replayer(
            store=self.store,
            sealed=self.sealed,
            verifier=self.verifier,
            credentials=self.credentials,
            snapshots=self.snapshots,
            destinations=self.destinations,
            ruleset=self.settings.rulebook.current,
            trust=upstream_context(trust),
            metrics=self.metrics,
            tasks=self.tasks,
            journal=self.journal,
            timeout=config.windows.upstream,
            witness=self.witness,
            audit=self.audit,
        )

    def _gate(self) -> Gate:
        ruleset, config = self.settings.rulebook.current, self.settings.config
        suspicion = Suspicion(store=self.store, agent=self.agent, ruleset=ruleset, tasks=self.tasks)
        admission = Admission(
            agent=self.agent,
            store=self.store,
            metrics=self.metrics,
            history=self.history,
            suspicion=suspicion,
            audit=self.audit,
        )
        holding = Holding(
            keeping=self.keeping,
            replayer=self.replayer,
            snapshots=self.snapshots,
            waiting=config.waiting,
        )
        desk = Desk(ruleset=ruleset, admission=admission, keeping=self.keeping, replayer=self.replayer)
        mcp = McpOverHttp(desk=desk, servers=config.tool_servers, tasks=self.tasks)
        own = OwnSessions(servers=config.tool_servers, shelf=mcp.shelf, replayer=self.replayer)
        self.worker.own_courier = own.courier
        return Gate(
            ruleset=ruleset,
            admission=admission,
            destinations=self.destinations,
            holding=holding,
            metrics=self.metrics,
            witness=self.witness,
            mcp=mcp,
            injection=self.injection,
        )

    async def run(self, stop: asyncio.Event, announce: Callable[[Serving], None]) -> None:
        """Listen on both sides until `stop`, then drain."""
        listening = _bind(self.settings.console, "--console")
        console: Address = listening.getsockname()[:2]
        _bind(self.settings.listen, "--listen").close()
        self.doors.bind()
        # Before anything listens, so that there is no moment in which an agent could reach them.
        self.destinations.own_ports.update((self.settings.listen[1], console[1], *self.doors.ports))
        reviewing = self._reviewing(console)
        listener = Listener(create(reviewing), listening)
        rules = self.settings.rulebook.watch(self.metrics, self._rules_changed)
        watches = (self.deadlines.watch(), self.worker.watch(), self.unknowns.watch())
        skew = Skew(store=self.store, metrics=self.metrics).watch()
        signing = leaves.watch(self.settings.data_dir, self.settings.config.ca.terms, self.plane.sign_anew)
        parts = (
            self.signals.listen(),
            self.audit.trail.watch(),
            *watches,
            rules,
            skew,
            making.make(reviewing).watch(),
            signing,
        )
        self.background += [self.tasks.create_task(part) for part in parts]
        console_task = self.tasks.create_task(listener.run())
        opened = asyncio.Event()

        async def started() -> None:
            doors = self.doors.run(self.plane, self.settings.data_dir, opened.set)
            self.background.append(self.tasks.create_task(doors))

        plane = self.tasks.create_task(self.plane.run(started))
        await self._first(plane, opened, stop)
        if opened.is_set():
            self._open(console, announce)
        await self._first(plane, stop)
        if not stop.is_set():
            raise CannotServe("the agents' listener is closed: the log says why")
        await self._drain()
        listener.stop()
        self.plane.stop()
        await asyncio.gather(plane, console_task)

    def _rules_changed(self) -> None:
        self.destinations.forget()
        self.audit.rules(self.settings.rulebook.current())

    async def _first(self, plane: asyncio.Task[None], *events: asyncio.Event) -> None:
        """Wait for the first of them."""
        waits = [self.tasks.create_task(event.wait()) for event in events]
        await asyncio.wait([plane, *waits], return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()

    def _open(self, console: Address, announce: Callable[[Serving], None]) -> None:
        """Everything listens: tell the world, and spare the collector what will never be garbage."""
        proxy = self.plane.address or self.settings.listen
        self.destinations.own_ports.add(proxy[1])
        serving = Serving(proxy=shown_url(proxy), console=shown_url(console), data_dir=self.settings.data_dir)
        found = {"proxy": serving.proxy, "console": serving.console, "pid": os.getpid()}
        found |= self.doors.named
        write_secret(self.settings.data_dir / "serve.json", json.dumps(found).encode())
        gc.collect()
        gc.freeze()
        announce(serving)

    async def _drain(self) -> None:
        """Let what is under way finish; what is held stays held."""
        logger.info("serve.draining")
        await self.plane.close()
        self.signals.draining = True
        self.signals.wake()
        end = monotonic() + _DRAIN_SECONDS
        while (self.plane.traffic.busy or self.worker.busy or self.snapshots.busy) and monotonic() < end:  # noqa: ASYNC110 (sets of several parts, once in a life)
            await asyncio.sleep(_POLL_SECONDS)

    async def end(self) -> None:
        """Stop what runs beside the listeners."""
        await self.snapshots.stop()
        for task in self.background:
            task.cancel()
        await asyncio.gather(*self.background, return_exceptions=True)
        (self.settings.data_dir / "serve.json").unlink(missing_ok=True)
        await self.redis.aclose()
        self.journal.close()
        await asyncio.to_thread(self.audit.trail.close)
        if self.witness is not None:
            self.witness.close()

    def _reviewing(self, console: Address) -> Reviewing:
        settings = self.settings
        trust = upstream_bundle(settings.data_dir, settings.upstream_ca)
        return Reviewing(
            store=self.store,
            sealed=self.sealed,
            signer=self.signer,
            verifier=self.verifier,
            rotation=Rotation(store=self.store, sealed=self.sealed, source=self.key_source, shelf=self.shelf),
            metrics=self.metrics,
            ruleset=settings.rulebook.current,
            again=self.again.ask,
            edit=self.editing.apply,
            signals=self.signals,
            agent=self.agent,
            history=self.history,
            audit=self.audit,
            channels=making.place(
                settings.config.channels,
                link=shown_url(console),
                beside=self.destinations,
                trust=upstream_context(settings.data_dir / "upstream-ca.pem"),
            ),
            preview_required=settings.config.review.preview == "required",
            proving=Proving(people_folder(settings.data_dir), now=lambda: datetime.now(UTC)),
            provider=provider(settings.config, trust=trust),
            people=people(settings.data_dir, settings.config, console=console),
            ready=self._ready,
            address=console,
            names=frozenset(settings.config.console.names),
        )

    async def _ready(self) -> dict[str, bool]:
        try:
            await self.store.check()
        except StoreUnavailable:
            return {"store": False, "proxy": self.plane.address is not None}
        return {"store": True, "proxy": self.plane.address is not None}


def _bind(address: Address, flag: str) -> socket.socket:
    """A socket bound to `address`. Raises CannotServe naming the flag."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        bound.listen()
    except OSError as error:
        bound.close()
        raise CannotServe(
            f"cannot listen on `{address[0]}:{address[1]}` ({error.strerror}): "
            f"stop what listens there, or give another {flag}"
        ) from error
    return bound
