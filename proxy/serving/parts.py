"""Every part of a sidecar, made and connected here and nowhere else."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time

from proxy.admission import Admission
from proxy.agent import Agent
from proxy.audit.making import FOLDER as AUDIT
from proxy.audit.making import begin, started
from proxy.audit.sinks.feed import Feed
from proxy.audit.sinks.making import Around, feeds
from proxy.channels import making
from proxy.config import Config
from proxy.console.people.factors.proving import Proving
from proxy.console.reviewing import Reviewing
from proxy.credentials.injection import Injection
from proxy.credentials.making import Surroundings, make
from proxy.credentials.sources.shelf import Shelf
from proxy.data_dir.authority import standing
from proxy.data_dir.trust import upstream_bundle, upstream_context
from proxy.destinations import Address, Destinations, store_places
from proxy.drift.again import Again
from proxy.drift.edited import Editing
from proxy.drift.probe import Probe
from proxy.drift.shots import Shots
from proxy.drift.snapshots import Snapshots
from proxy.gate import Gate
from proxy.grants.kept import Grants
from proxy.grants.spent import Spent
from proxy.holding import Holding
from proxy.keeping import Keeping
from proxy.keys.rotation import Rotation
from proxy.keys.seal import load_or_create_key
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Signer, Verifier
from proxy.keys.source import keyring_of
from proxy.logs import PassLog
from proxy.mcp.desk import Desk
from proxy.mcp.http import McpOverHttp
from proxy.mcp.own_session import OwnSessions
from proxy.metrics import Metrics
from proxy.quality.drills import Drills
from proxy.quality.evaluated import Evaluated
from proxy.quality.passes import Passes
from proxy.quality.sampling import Sampling
from proxy.replay.journal import Journal
from proxy.replay.replayer import Replayer
from proxy.replay.unknowns import Unknowns
from proxy.replay.worker import Worker
from proxy.rulebook import Rulebook
from proxy.serving.data_plane import DataPlane
from proxy.serving.doors import NOWHERE, Ports
from proxy.serving.people import people, people_folder, provider
from proxy.serving.words import shown_url
from proxy.signals import Signals
from proxy.store.connection import connect
from proxy.store.deadlines import Deadlines
from proxy.store.history import History
from proxy.store.ladder import Ladder
from proxy.store.record import StoreUnavailable
from proxy.store.store import Store
from proxy.suspicion import Suspicion
from proxy.tracing import making as tracing
from proxy.witness import Witness


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


class Parts:
    """The parts of one sidecar; nothing runs yet."""

    def __init__(self, settings: Settings, url: str, tasks: asyncio.TaskGroup) -> None:
        self.settings, self.tasks = settings, tasks
        self.trust = upstream_bundle(settings.data_dir, settings.upstream_ca)
        self.upstream = upstream_context(self.trust)
        self.metrics = Metrics()
        self._show_files()
        self._keep_holds(url)
        self._write_records()
        self._reach_upstreams(url)
        self._run_holds()
        self._make_holds()
        self.plane = DataPlane(
            self._gate(),
            listen=settings.listen,
            authority=settings.data_dir / "ca",
            upstream_trust=self.trust,
            served=settings.config.served,
        )

    def reviewing(self, console: Address) -> Reviewing:
        """What the console works with, which is reached at `console`."""
        settings = self.settings
        return Reviewing(
            store=self.store,
            sealed=self.sealed,
            signer=self.signer,
            verifier=self.verifier,
            rotation=Rotation(store=self.store, sealed=self.sealed, source=self.key_source, shelf=self.shelf),
            metrics=self.metrics,
            counts=settings.data_dir / "mcp",
            ruleset=settings.rulebook.current,
            again=self.again.ask,
            edit=self.editing.apply,
            signals=self.signals,
            agent=self.agent,
            history=self.history,
            audit=self.audit,
            channels=making.place(settings.config.channels, self.outgoing, link=shown_url(console)),
            drill_rate=settings.config.drills.rate,
            fast=settings.config.review.fast,
            ladder=self.ladder,
            grants=self.grants,
            longest_grant=timedelta(seconds=settings.config.review.longest_grant),
            preview_required=settings.config.review.preview == "required",
            proving=Proving(people_folder(settings.data_dir), now=lambda: datetime.now(UTC)),
            provider=provider(settings.config, trust=self.trust),
            people=people(settings.data_dir, settings.config, console=console),
            ready=self._ready,
            address=console,
            names=frozenset(settings.config.console.names),
        )

    def audit_feeds(self) -> list[Feed]:
        """What gives audit records to the sinks that are configured."""
        config = self.settings.config
        if not config.audit.sinks:
            return []
        around = Around(
            trail=self.audit.trail,
            metrics=self.metrics,
            redis=self.redis,
            domain=config.redis.domain,
            outgoing=self.outgoing,
        )
        return feeds(config.audit.sinks, around)

    def _show_files(self) -> None:
        """Serve when our authority ends, and where it is configured, the last assessment and evaluation."""
        signs, *_ = standing(self.settings.data_dir)
        self.metrics.authority_end_timestamp_seconds.set(signs.certificate.not_valid_after_utc.timestamp())
        if (day := self.settings.config.audit.assessed) is not None:
            self.metrics.assessed(day)
        path = self.settings.config.review.eval_metrics
        if path is not None:
            self.metrics.registry.register(Evaluated(Path(path)))

    def _keep_holds(self, url: str) -> None:
        """The store, what seals and signs holds, and what their deadlines do."""
        config, folder = self.settings.config, self.settings.data_dir
        keys, place = folder / "keys", config.redis
        self.agent = Agent(
            principal=config.principal,
            secret_headers=config.secrets,
            key=load_or_create_key(keys / "fingerprint.key"),
        )
        self.redis = connect(url)
        self.store = Store(
            self.redis, domain=place.domain, clocks=config.clocks, cap=config.cap, replicas=place.replicas
        )
        self.key_source = config.keys.source_in(keys)
        self.sealed = Sealed(keyring_of(self.key_source, domain=place.domain))
        self.signer = Signer(key=load_or_create_key(keys / "console.key"), domain=place.domain)
        self.verifier = Verifier(config.keys.known(self.signer.public), domain=place.domain)
        self.grants = Grants(
            store=self.store,
            keyring=self.sealed.keyring,
            verifier=self.verifier,
            metrics=self.metrics,
            spent=Spent(folder / "grants", now=lambda: datetime.now(UTC)),
            signer=self.signer,
        )
        self.signals = Signals(self.store, self.metrics)
        self.ladder = Ladder(
            handling=lambda rule: self.settings.rulebook.current().handling(rule),
            usual=config.review.on_timeout.compiled,
        )
        self.deadlines = Deadlines(store=self.store, metrics=self.metrics, ladder=self.ladder)

    def _write_records(self) -> None:
        """What outlives a hold: the audit trail, traces, the history, the journal and the witness."""
        config, folder, ruleset = self.settings.config, self.settings.data_dir, self.settings.rulebook.current
        facts = started(self.agent, ruleset(), config.model_dump_json())
        self.audit = begin(folder / AUDIT / "serve", config.audit, self.signer, self.metrics, facts=facts)
        self.traces = tracing.begin(config.traces, self.metrics)
        self.store.told += [self.audit, *([self.traces] if self.traces else [])]
        self.history = History(self.redis, self.sealed.keyring, keep=config.clocks.retention, ruleset=ruleset)
        self.journal = Journal(folder / "journal", keep=config.journal_keep)
        self.witness = Witness(self.settings.witness) if self.settings.witness else None

    def _reach_upstreams(self, url: str) -> None:
        """Where calls may go, with which credentials, and what is read there before one is sent."""
        config = self.settings.config
        self.destinations = Destinations(
            allowed=config.allowed,
            named=self.settings.rulebook.names_host,
            tunnel_ports=frozenset(config.destinations.connect_ports),
            store=store_places(url),
        )
        self.outgoing = making.outgoing(config.channels, beside=self.destinations, trust=self.upstream)
        self.shelf = Shelf(self.redis, domain=config.redis.domain, keyring=self.sealed.keyring)
        around = Surroundings(
            shelf=self.shelf,
            keyed=self.agent.keyed_secret,
            context=lambda: upstream_context(self.trust),
            now=time,
            metrics=self.metrics,
            tasks=self.tasks,
            exchange=config.windows.upstream,
        )
        self.credentials = make(config.credentials, around, servers=config.server_urls)
        self.injection = Injection.of(config.credentials, self.credentials, self.agent.placeholder)
        self.snapshots = self._snapshots()

    def _run_holds(self) -> None:
        """What sends approved calls, and finds out about those whose outcome is unknown."""
        self.replayer = self._replayer()
        self.worker = Worker(
            store=self.store,
            sealed=self.sealed,
            signals=self.signals,
            replayer=self.replayer,
            tasks=self.tasks,
        )
        self.unknowns = Unknowns(signals=self.signals, replayer=self.replayer, tasks=self.tasks)

    def _make_holds(self) -> None:
        """What makes holds: the calls of agents, drills, and people."""
        rules, config = self.settings.rulebook.current, self.settings.config.drills
        self.keeping = Keeping(
            agent=self.agent,
            store=self.store,
            sealed=self.sealed,
            signals=self.signals,
            metrics=self.metrics,
            history=self.history,
            audit=self.audit,
            traces=self.traces,
        )
        self.drills = Drills(
            keeping=self.keeping,
            ruleset=rules,
            rate=config.rate,
            most=config.most_open,
            within=timedelta(seconds=config.within),
        )
        self.store.told.append(self.drills)
        self.again = Again(keeping=self.keeping, snapshots=self.snapshots, ruleset=rules)
        self.editing = Editing(keeping=self.keeping, snapshots=self.snapshots, ruleset=rules)

    def _snapshots(self) -> Snapshots:
        return Snapshots(
            shots=Shots(self.store, self.sealed),
            probe=Probe(
                destinations=self.destinations,
                ruleset=self.settings.rulebook.current,
                trust=self.upstream,
                witness=self.witness,
            ),
            credentials=self.credentials,
            metrics=self.metrics,
            tasks=self.tasks,
        )

    def _replayer(self) -> Replayer:
        config = self.settings.config
        return Replayer(
            store=self.store,
            sealed=self.sealed,
            verifier=self.verifier,
            credentials=self.credentials,
            snapshots=self.snapshots,
            destinations=self.destinations,
            ruleset=self.settings.rulebook.current,
            trust=self.upstream,
            metrics=self.metrics,
            tasks=self.tasks,
            journal=self.journal,
            timeout=config.windows.upstream,
            witness=self.witness,
            audit=self.audit,
            grants=self.grants,
        )

    def _gate(self) -> Gate:
        ruleset, config = self.settings.rulebook.current, self.settings.config
        self.sampling = Sampling(
            agent=self.agent,
            passes=Passes(self.store, self.sealed.keyring),
            metrics=self.metrics,
            rate=config.pass_audit.rate,
            ttl=timedelta(seconds=config.pass_audit.keep),
            most=config.pass_audit.most,
        )
        suspicion = Suspicion(store=self.store, agent=self.agent, ruleset=ruleset, tasks=self.tasks)
        admission = Admission(
            agent=self.agent,
            store=self.store,
            metrics=self.metrics,
            history=self.history,
            suspicion=suspicion,
            audit=self.audit,
            sampling=self.sampling,
            traces=self.traces,
            passes=PassLog(share=config.logs.passes) if config.logs.passes else None,
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

    @property
    def busy(self) -> bool:
        """Whether a call, a replay or a probe is under way."""
        return any((self.plane.traffic.busy, self.worker.busy, self.snapshots.busy))

    async def _ready(self) -> dict[str, bool]:
        try:
            await self.store.check()
        except StoreUnavailable:
            return {"store": False, "proxy": self.plane.address is not None}
        return {"store": True, "proxy": self.plane.address is not None}
