"""One sidecar with an approval domain of its own, killed at one point after another."""

import asyncio
import json
import os
import signal
import ssl
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from time import monotonic

import httpx2
from redis.asyncio import Redis

from proxy.store.store import Refused, Store
from proxy.store.timing import Clocks
from rules.hold import DISPOSITIONS, Event, Hold, State
from rules.verdict import Tier
from tests.crash.bench import Bench, gone
from tests.crash.points import Point, Reach
from tests.ports import free_ports

_PATIENCE = 20.0
_POLL = 0.02
_CONFIG = """
version: 1
review: {{preview: optional}}
destinations: {{allow: [localhost]}}
windows: {{upstream: 8, grace_tier_3: 0, grace_tier_4: 0}}
new_holds: {{most: 100000}}
redis: {{domain: {domain}, replicas: {replicas}}}
"""
_RULES = """
version: 1
rules:
  - {id: plain, match: {host: localhost, method: POST, path: "/plain/**"}, tier: 4}
  - id: keyed
    match: {host: localhost, method: POST, path: "/keyed/**"}
    tier: 4
    idempotency: {header: Idempotency-Key, window: 24h, mismatch: error, scope: account}
"""
# What an operator or the clock does to the hold while the sidecar is dead; half of the runs leave it alone.
_MEANWHILE = (None, Event.REJECT, None, Event.EXPIRE, None, Event.CANCEL)


class Kind(StrEnum):
    """What the upstream promises about the calls of a run."""

    PLAIN = "plain"
    """Nothing: each request that arrives is executed."""
    KEYED = "keyed"
    """Requests with one key are executed once."""


@dataclass(slots=True, kw_only=True)
class Result:
    """What a run has found."""

    duplicates: int = 0
    lost: int = 0
    unknown: int = 0
    executed: bool = False
    settled_after: float = 0.0
    """Seconds from the restart to an outcome."""
    notes: list[str] = field(default_factory=list)

    def fault(self, note: str) -> None:
        """Count something that was approved, or decided, and did not come to be."""
        self.lost += 1
        self.notes.append(note)


@dataclass(slots=True, kw_only=True)
class Lane:
    """The sidecar and what its agent, its reviewer and its upstream know."""

    bench: Bench
    number: int
    folder: Path
    redis: Redis
    store: Store
    ports: list[int]
    handle: int = -1
    known: set[str] = field(default_factory=set)

    @classmethod
    def made(cls, bench: Bench, number: int, *, replicas: int = 0) -> "Lane":
        """A lane whose sidecar does not run yet."""
        folder = Path(tempfile.mkdtemp(prefix="lane-", dir=bench.folder))
        domain = f"lane-{number}"
        (folder / "config.yaml").write_text(_CONFIG.format(domain=domain, replicas=replicas))
        (folder / "rules.yaml").write_text(_RULES)
        # More patient than the product: what is measured is not how busy this machine is.
        redis = Redis.from_url(bench.redis_url, socket_timeout=_PATIENCE)
        clocks = Clocks(approval_validity=dict.fromkeys(Tier, timedelta(minutes=15)))
        store = Store(redis, domain=domain, clocks=clocks)
        return cls(bench=bench, number=number, folder=folder, redis=redis, store=store, ports=free_ports(2))

    async def start(self) -> None:
        """Start the sidecar and wait until it serves."""
        proxy, console = (f"127.0.0.1:{port}" for port in self.ports)
        files = {"--config": "config.yaml", "--rules": "rules.yaml", "--witness": "witness.jsonl"}
        places = {"--data-dir": str(self.folder / "data"), "--listen": proxy, "--console": console}
        flags = places | {flag: str(self.folder / name) for flag, name in files.items()}
        arguments = ["serve", *(word for pair in flags.items() for word in pair)]
        order = {
            "arguments": [*arguments, "--upstream-ca", str(self.bench.ca)],
            "environment": {"REDIS_URL": self.bench.redis_url},
            "when": str(self._when),
            "log": str(self.folder / "log"),
        }
        pid = await self.bench.start(order)
        self.handle = os.pidfd_open(pid)
        end = monotonic() + _PATIENCE
        while self._serving() != pid:
            assert monotonic() < end, (self.folder / "log").read_text()[-4000:]
            await asyncio.sleep(_POLL)

    def _serving(self) -> int | None:
        """The process that serves by its own word; one that was killed has left its word behind."""
        with suppress(FileNotFoundError):
            return int(json.loads((self.folder / "data" / "serve.json").read_bytes())["pid"])
        return None

    async def end(self) -> None:
        """Kill what runs."""
        await self._kill()
        await self.redis.aclose()

    async def run(self, point: Point, kind: Kind, repetition: int) -> Result:
        """Let one call die at `point`, start again, and see what became of it."""
        path, result = f"/{kind}/{self.number}/{point.name}/{repetition}", Result()
        self.known.update(hold.hold_id for hold in await self.store.list(limit=5))
        self._when.write_text(point.spell)
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(self.ask(path, wait=30))
            told = await self._approve_new()
            if not await gone(self.handle, within=_PATIENCE):
                result.fault(f"{path}: nothing came by `{point.step}`")
                await self._kill()
            self._when.unlink()
            await asking
        os.close(self.handle)
        hold = await self._new_hold()
        stopped = await self._meanwhile(hold, point, repetition)
        await self.start()
        await self._follow(hold, result, told=told, stopped=stopped)
        self._judge(path, kind, point, result, stopped=stopped)
        if hold is not None and not stopped and not result.lost:
            await self.ask(path, wait=0)
            self._judge(path, kind, point, result, stopped=stopped)
        result.notes = [f"{path}: {note}" for note in result.notes]
        return result

    @property
    def _when(self) -> Path:
        return self.folder / "when"

    async def _kill(self) -> None:
        with suppress(OSError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            await gone(self.handle, within=_PATIENCE)

    async def ready(self) -> bool:
        """Whether the sidecar says so."""
        async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
            with suppress(httpx2.HTTPError):
                return (await client.get(f"http://127.0.0.1:{self.ports[1]}/readyz")).is_success
        return False

    async def ask(self, path: str, *, wait: int) -> httpx2.Response | None:
        """Send the agent's call; None where no answer comes."""
        trust = ssl.create_default_context(cafile=self.folder / "data" / "ca.pem")
        proxy = f"http://127.0.0.1:{self.ports[0]}"
        async with httpx2.AsyncClient(proxy=proxy, verify=trust, trust_env=False, timeout=40) as client:
            with suppress(httpx2.HTTPError, OSError):
                return await client.post(
                    self.bench.upstream.url(path),
                    json={"amount": 7},
                    headers={"Prefer": f"wait={wait}", "Idempotency-Key": "the-agents-own"},
                )
        return None

    async def _new_hold(self) -> Hold | None:
        """The hold of this run's call, if there is one."""
        found = [hold for hold in await self.store.list(limit=5) if hold.hold_id not in self.known]
        return found[0] if found else None

    async def _approve_new(self) -> bool:
        """Approve the hold as soon as it is there; whether the reviewer was told that it is approved."""
        end = monotonic() + _PATIENCE
        while (hold := await self._new_hold()) is None:
            if await gone(self.handle, within=_POLL) or monotonic() > end:
                return False
        # At some points it is dead already, or dies in this very request.
        return await self.approve(hold)

    async def approve(self, hold: Hold) -> bool:
        """Approve a hold as its reviewer; whether that was answered with yes."""
        token = (self.folder / "data" / "operator.token").read_text().strip()
        async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
            with suppress(httpx2.HTTPError):
                answer = await client.post(
                    f"http://127.0.0.1:{self.ports[1]}/api/holds/{hold.hold_id}/approve",
                    json={"digest": hold.digest},
                    headers={"Authorization": f"Bearer {token}"},
                )
                return answer.is_success
        return False

    async def _meanwhile(self, hold: Hold | None, point: Point, repetition: int) -> Event | None:
        """What happens to the hold while nobody serves it; None where nothing can."""
        event = _MEANWHILE[repetition % len(_MEANWHILE)]
        if hold is None or event is None or point.reach > Reach.APPROVED:
            return None
        if event is Event.REJECT and hold.state is State.CLAIMED:
            event = Event.CANCEL
        with suppress(Refused):
            await self.store.step(hold, event)
            return event
        return None

    async def _follow(self, hold: Hold | None, result: Result, *, told: bool, stopped: Event | None) -> None:
        """Wait for the outcome, which for a hold that still waits takes its approval first."""
        if hold is None:
            return
        if (now := await self.store.find(hold.hold_id)) is None:
            return result.fault("the hold is gone")
        if now.state is State.PENDING and (told or not await self.approve(now)):
            return result.fault("its approval was told and is gone" if told else "it cannot be approved")
        began = monotonic()
        end = await self._outcome(hold.hold_id, until=began + _PATIENCE)
        result.settled_after = monotonic() - began
        if end is None or end.state not in DISPOSITIONS:
            return result.fault(f"it is {end and end.state} after {_PATIENCE:g} s")
        if stopped is None and end.state not in (State.EXECUTED, State.OUTCOME_UNKNOWN):
            return result.fault(f"it was approved and is {end.state}: {end.note}")
        result.unknown = int(end.state is State.OUTCOME_UNKNOWN)
        result.executed = end.state is State.EXECUTED
        return None

    async def _outcome(self, hold_id: str, *, until: float) -> Hold | None:
        """The hold once it is settled; what a repetition will find out is waited for."""
        while (now := await self.store.find(hold_id)) is not None and monotonic() < until:
            repeated = now.state is State.OUTCOME_UNKNOWN and now.rule == Kind.KEYED
            if now.state in DISPOSITIONS and not repeated:
                break
            await asyncio.sleep(_POLL)
        return now

    def _judge(self, path: str, kind: Kind, point: Point, result: Result, *, stopped: Event | None) -> None:
        """Compare with what the upstream has got."""
        sent = self.bench.sent(path)
        effects = len(sent) if kind is Kind.PLAIN else len({tuple(r.values("Idempotency-Key")) for r in sent})
        result.duplicates = max(0, effects - 1)
        if result.duplicates:
            result.notes.append(f"executed {effects} times")
        if result.executed and not effects:
            result.fault("it is said to have run and has not")
        if stopped and effects:
            result.fault(f"sent after {stopped}")
        if result.unknown and point.reach is not Reach.SENDING:
            result.fault("unknown, though nothing can have left")
        if point.reach is Reach.UNHELD and effects:
            result.fault("sent, though nobody approved it")
