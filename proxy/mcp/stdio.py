"""The composition of a wrapped stdio server: the same store, keys and rules as the sidecar's, no listener."""

import asyncio
import fcntl
import hashlib
import json
import os
import signal
import ssl
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from proxy.admission import Admission
from proxy.agent import Agent
from proxy.audit.making import FOLDER as AUDIT
from proxy.audit.making import begin, started
from proxy.audit.recorder import Recorder
from proxy.config import Config, store_fault
from proxy.counts import ENDING, Kept
from proxy.credentials.credentials import Credentials
from proxy.data_dir.embedded import EmbeddedRedis
from proxy.data_dir.files import private_folder
from proxy.destinations import Destinations
from proxy.drift.probe import Probe
from proxy.drift.shots import Shots
from proxy.drift.snapshots import Snapshots
from proxy.grants.kept import Grants
from proxy.grants.spent import Spent
from proxy.keeping import Keeping
from proxy.keys.seal import load_or_create_key
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Signer, Verifier
from proxy.keys.source import keyring_of
from proxy.mcp.child import CannotStart, Child
from proxy.mcp.desk import Desk
from proxy.mcp.servers import Trust
from proxy.mcp.session import Session
from proxy.mcp.shelf import Shelf
from proxy.mcp.standard import streams
from proxy.metrics import Metrics
from proxy.replay.journal import Journal
from proxy.replay.replayer import Replayer
from proxy.rulebook import Rulebook
from proxy.signals import Signals
from proxy.store.connection import connect
from proxy.store.deadlines import Deadlines
from proxy.store.history import History
from proxy.store.store import Store
from proxy.suspicion import Suspicion
from proxy.tracing import making as tracing

_MOST_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapping:
    """What the command line, the environment and the files say."""

    command: Sequence[str]
    server: str
    data_dir: Path
    config: Config
    rulebook: Rulebook
    redis_url: str | None
    trust: Trust = Trust.FIRST_USE
    """The operator chose the command, and it speaks to nobody else."""
    pack: str = ""
    """Which known server it is, as the operator says."""
    tasks: bool = True
    """Whether held calls become tasks for a client that offers it."""

    @property
    def place(self) -> str:
        """What tells this command from every other one; its arguments may be secrets."""
        return f"stdio:{hashlib.sha256(json.dumps(list(self.command)).encode()).hexdigest()}"


async def wrap(wrapping: Wrapping) -> int:
    """Serve the agent on our standard streams until it or the server has gone; the server's exit code.

    Raises CannotStart. The embedded store is left running: the sidecar and other servers use it.
    """
    url = wrapping.redis_url
    if url is not None and (fault := store_fault(url)):
        raise CannotStart(f"the store's URL cannot be used: {fault}; correct REDIS_URL")
    embedded = EmbeddedRedis(private_folder(wrapping.data_dir / "redis")) if url is None else None
    if embedded is not None:
        await embedded.start()
        url = embedded.url
    async with asyncio.TaskGroup() as tasks:
        slot = _slot(wrapping)
        desk = _desk(wrapping, url or "", tasks, slot=slot)
        counts = Kept(desk.keeping.metrics.registry, wrapping.data_dir / "mcp" / f"{slot}{ENDING}")
        beside = (counts.watch(), *_beside(wrapping, desk, embedded))
        background = [tasks.create_task(work) for work in beside]
        try:
            return await _session(wrapping, desk)
        finally:
            for task in background:
                task.cancel()
            await asyncio.to_thread(counts.save)
            if desk.keeping.audit is not None:
                await asyncio.to_thread(desk.keeping.audit.trail.close)
            if desk.keeping.traces is not None:
                await asyncio.to_thread(desk.keeping.traces.close)


async def _session(wrapping: Wrapping, desk: Desk) -> int:
    # Copies, because the loop closes what it is given.
    reader, say = await streams(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, reader.feed_eof)
    child = await Child.start(wrapping.command)
    key = desk.keeping.agent.keyed("pins", wrapping.server, wrapping.place)
    shelf = Shelf(
        store=desk.keeping.store,
        server=wrapping.server,
        key=key,
        place=wrapping.place,
        pack=wrapping.pack,
        trusting=lambda: wrapping.trust is Trust.FIRST_USE or desk.ruleset().observed,
    )
    session = Session(desk, shelf, child=child, say=say, place=wrapping.place)
    return await session.run(reader)


def _beside(
    wrapping: Wrapping, desk: Desk, embedded: EmbeddedRedis | None
) -> Iterator[Coroutine[Any, Any, None]]:
    """What runs as long as the session does."""
    kept = desk.keeping
    yield kept.signals.listen()
    yield Deadlines(store=kept.store, metrics=kept.metrics).watch()
    if (audit := kept.audit) is not None:
        yield audit.trail.watch()
        yield wrapping.rulebook.watch(kept.metrics, lambda: audit.rules(desk.ruleset()))
    if embedded is not None:
        yield embedded.supervise()


def _desk(wrapping: Wrapping, url: str, tasks: asyncio.TaskGroup, *, slot: str) -> Desk:
    config, keys = wrapping.config, private_folder(wrapping.data_dir / "keys")
    domain, metrics = config.redis.domain, Metrics()
    redis, ruleset = connect(url), wrapping.rulebook.current
    store = Store(redis, domain=domain, clocks=config.clocks, cap=config.cap, replicas=config.redis.replicas)
    sealed = Sealed(keyring_of(config.keys.source_in(keys), domain=domain))
    agent = Agent(
        principal=config.principal,
        secret_headers=config.secrets,
        key=load_or_create_key(keys / "fingerprint.key"),
    )
    audit = _audit(wrapping, agent, metrics, slot=slot)
    traces = tracing.begin(config.traces, metrics)
    store.told += [audit, traces] if traces else [audit]
    history = History(redis, sealed.keyring, keep=config.clocks.retention, ruleset=ruleset)
    keeping = Keeping(
        agent=agent,
        store=store,
        sealed=sealed,
        signals=Signals(store, metrics),
        metrics=metrics,
        history=history,
        audit=audit,
        traces=traces,
    )
    journal = Journal(wrapping.data_dir / "mcp" / slot, keep=config.journal_keep)
    replayer = _replayer(wrapping, keeping, journal, tasks=tasks)
    return Desk(
        ruleset=ruleset,
        admission=Admission(
            agent=agent,
            store=store,
            metrics=metrics,
            history=history,
            suspicion=Suspicion(store=store, agent=agent, ruleset=ruleset, tasks=tasks),
            audit=audit,
            traces=traces,
        ),
        keeping=keeping,
        replayer=replayer,
        tasks=wrapping.tasks,
    )


def _replayer(
    wrapping: Wrapping, keeping: Keeping, journal: Journal, *, tasks: asyncio.TaskGroup
) -> Replayer:
    """Runs what the session carries. It connects to nothing: a tool call goes to the child."""
    store, sealed, metrics = keeping.store, keeping.sealed, keeping.metrics
    config, ruleset = wrapping.config, wrapping.rulebook.current
    destinations = Destinations(allowed=config.allowed, named=wrapping.rulebook.names_host)
    nobody, trust = Credentials({}), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    verifier = Verifier(config.keys.known(_signer(wrapping).public), domain=config.redis.domain)
    grants = Grants(
        store=store,
        keyring=sealed.keyring,
        verifier=verifier,
        metrics=metrics,
        spent=Spent(wrapping.data_dir / "grants", now=lambda: datetime.now(UTC)),
    )
    return Replayer(
        store=store,
        sealed=sealed,
        verifier=verifier,
        credentials=nobody,
        snapshots=Snapshots(
            shots=Shots(store, sealed),
            probe=Probe(destinations=destinations, ruleset=ruleset, trust=trust, witness=None),
            credentials=nobody,
            metrics=metrics,
            tasks=tasks,
        ),
        destinations=destinations,
        ruleset=ruleset,
        trust=trust,
        metrics=metrics,
        tasks=tasks,
        journal=journal,
        timeout=config.windows.upstream,
        audit=keeping.audit,
        grants=grants,
    )


def _audit(wrapping: Wrapping, agent: Agent, metrics: Metrics, *, slot: str) -> Recorder:
    """The audit trail of this process."""
    config, folder = wrapping.config, wrapping.data_dir / AUDIT / f"mcp-{slot}"
    facts = started(agent, wrapping.rulebook.current(), config.model_dump_json())
    facts |= {"server": wrapping.server}
    return begin(folder, config.audit, _signer(wrapping), metrics, facts=facts)


def _signer(wrapping: Wrapping) -> Signer:
    key = load_or_create_key(wrapping.data_dir / "keys" / "console.key")
    return Signer(key=key, domain=wrapping.config.redis.domain)


def _slot(wrapping: Wrapping) -> str:
    """A name for the files of this process alone, and of the same command's before it."""
    folder = private_folder(wrapping.data_dir / "mcp")
    name = wrapping.place.removeprefix("stdio:")[:16]
    for number in range(_MOST_AT_ONCE):
        lock = os.open(folder / f"{name}-{number}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        # Held until this process ends.
        return f"{name}-{number}"
    raise CannotStart(f"this server runs {_MOST_AT_ONCE} times already: end some of them")
