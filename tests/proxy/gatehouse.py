"""A gate with all of its real parts, and requests to send to it as an agent would."""

import asyncio
import json
import os
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import certifi

from addons.exchange import Outcome, Request
from proxy.admission import Admission
from proxy.agent import Agent
from proxy.audit.recorder import Recorder
from proxy.credentials.credentials import Credentials
from proxy.destinations import Allowed, Destinations
from proxy.gate import Gate
from proxy.holding import Holding, Waiting
from proxy.keeping import Keeping
from proxy.keys.keyring import Keyring
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Signer
from proxy.metrics import Metrics
from proxy.replay.worker import Worker
from proxy.signals import Signals
from proxy.store.connection import connect
from proxy.store.store import Store
from proxy.store.timing import Cap, Clocks
from proxy.tracing.traces import Traces
from rules.action import Principal
from rules.compile import compile_rules
from rules.decision import Decision
from rules.headers import Fields
from rules.hold import Event, Hold, State
from rules.message import Message
from rules.reply import Reply
from rules.ruleset import Ruleset
from tests.proxy.drafts import PATIENT
from tests.proxy.journals import journal
from tests.proxy.redis_child import RedisChild
from tests.proxy.replayers import NONE, replayer_of

RULES = """
version: 1
rules:
  - {id: draft, match: {host: localhost, method: POST, path: /drafts}, tier: 2}
  - {id: pay, match: {host: localhost, method: POST, path: "/pay/**"}, tier: 4, reason: moves money}
  - id: small
    match: {host: localhost, method: POST, path: /small}
    tier: 4
    lower: [{when: {body: {amount: {lte: 100}}}, tier: 2}]
    budget: {amount: amount, by: [to], limit: 100, window: 24h}
  - {id: never, match: {host: localhost, path: "/never/**"}, forbidden: true, reason: nobody does that}
"""
KEY = b"k" * 32
JSON: Fields = ((b"Content-Type", b"application/json"),)
BODY = b'{"amount": 7, "to": "acct_1"}'
UNCAPPED = Cap(most=10_000)
NOWHERE = 9
"""A port on which nobody listens."""

ANSWER = Reply(
    status=201,
    phrase="Made",
    fields=((b"X-Twice", b"1"), (b"x-twice", b"caf\xe9"), (b"Content-Type", b"application/octet-stream")),
    body=bytes(range(256)),
)

# The events that lead from a new hold to each state in which it has ended.
_WAYS: dict[State, tuple[Event, ...]] = {
    State.APPROVED: (Event.APPROVE,),
    State.REJECTED: (Event.REJECT,),
    State.EXPIRED: (Event.EXPIRE,),
    State.KILLED: (Event.KILL,),
    State.DRIFT_REFUSED: (Event.APPROVE, Event.CLAIM, Event.DRIFT),
    State.OUTCOME_UNKNOWN: (Event.APPROVE, Event.CLAIM, Event.SEND, Event.LOSE),
    State.EXECUTED: (Event.APPROVE, Event.CLAIM, Event.SEND, Event.ANSWER),
    State.EXECUTION_ERROR: (Event.APPROVE, Event.CLAIM, Event.SEND, Event.ERROR),
}


def ruleset(more: str = "") -> Ruleset:
    """The rules of these tests, and `more`, compiled."""
    compiled = compile_rules([("rules.yaml", RULES + more)])
    assert isinstance(compiled, Ruleset)
    return compiled


def still_there() -> bool:
    """What a client that waits for its answer says to the question whether it has gone."""
    return False


def request(
    method: str = "POST",
    path: str = "/pay/1",
    *,
    host: str = "localhost",
    port: int = NOWHERE,
    fields: Fields = (),
    body: bytes = BODY,
    gone: Callable[[], bool] = still_there,
) -> Request:
    """A request as an adapter hands it to the gate; without a body where its method has none."""
    bodiless = method in ("GET", "HEAD")
    head: Fields = ((b"Host", f"{host}:{port}".encode()), *(() if bodiless else JSON), *fields)
    message = Message(
        scheme="https",
        host=host,
        port=port,
        sni=host,
        method=method.encode(),
        target=path.encode("latin-1"),
        fields=head,
        body=b"" if bodiless else body,
    )
    return Request(message=message, gone=gone)


def prefer(*values: str) -> Fields:
    """`Prefer` fields."""
    return tuple((b"Prefer", value.encode("latin-1")) for value in values)


NOW = prefer("wait=0")


def told(outcome: Outcome) -> dict[str, object]:
    """The members of an answer of the gate's own."""
    assert isinstance(outcome, Reply), outcome
    members: dict[str, object] = json.loads(outcome.body)
    return members


def hold_id(outcome: Outcome) -> str:
    """The hold that an answer names."""
    return str(told(outcome)["hold_id"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatehouse:
    """One gate and what it stands on."""

    gate: Gate
    store: Store
    sealed: Sealed
    signer: Signer
    signals: Signals
    metrics: Metrics

    async def admit(self, asked: Request) -> Outcome:
        """The gate's answer, as the enforcing hook would take it."""
        return await self.gate.admit(asked)

    async def find(self, outcome: Outcome) -> Hold:
        """The hold that an answer names, as it stands now."""
        hold = await self.store.find(hold_id(outcome))
        assert hold is not None
        return hold

    async def bring(self, outcome: Outcome, state: State, *, answer: Reply = ANSWER) -> Hold:
        """Take the hold that an answer names to `state`, as reviewer, worker and clock would."""
        hold = await self.find(outcome)
        for event in _WAYS[state]:
            fields = self._decided(hold, event)
            if event in (Event.ANSWER, Event.ERROR):
                fields = {"answer": self.sealed.close_answer(hold, answer)}
            hold = await self.store.step(hold, event, fields=fields)
        assert hold.state is state
        return hold

    def _decided(self, hold: Hold, event: Event) -> dict[str, bytes]:
        """What a console writes with a decision."""
        now = datetime.now(UTC)
        decision = Decision(
            hold_id=hold.hold_id,
            digest=hold.digest,
            policy=hold.policy,
            fence=hold.fence,
            event=event,
            who="ada",
            reason="because",
            at=now,
            until=now + self.store.validity(hold.tier),
            sends=hold.sends,
        )
        return self.signer.fields(decision) if event in (Event.APPROVE, Event.REJECT) else {}

    def metric(self, name: str, **labels: str) -> float:
        """A sample's value, 0 where there is none yet."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


def crash(child: RedisChild) -> None:
    """Kill the store and wait until nothing of it is left but its files."""
    assert child.server.pid is not None
    child.kill9()
    os.waitid(os.P_PID, child.server.pid, os.WEXITED | os.WNOWAIT)


@asynccontextmanager
async def gatehouse(
    url: str,
    *,
    domain: str | None = None,
    agent: str = "agent-1",
    trust: Path | None = None,
    waiting: Waiting | None = None,
    clocks: Clocks = PATIENT,
    cap: Cap = UNCAPPED,
    working: bool = False,
    credentials: Credentials = NONE,
    signals: Callable[[Store, Metrics], Signals] = Signals,
    audit: Recorder | None = None,
    traces: Traces | None = None,
) -> AsyncIterator[Gatehouse]:
    """A gate over the store at `url`; `working`: with what runs beside it in a sidecar."""
    domain, redis, metrics = domain or secrets.token_hex(8), connect(url), Metrics()
    store, sealed = Store(redis, domain=domain, clocks=clocks, cap=cap), Sealed(Keyring([KEY], domain=domain))
    store.told += [audit] if audit is not None else []
    store.told += [traces] if traces is not None else []
    signer = Signer(key=KEY, domain=domain)
    heard, rules = signals(store, metrics), ruleset()
    destinations = Destinations(allowed=Allowed.parse(["localhost"]), named=rules.names_host)
    async with AsyncExitStack() as stack:
        own = stack.enter_context(journal())
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        replayer = replayer_of(
            store=store,
            sealed=sealed,
            signer=signer,
            metrics=metrics,
            destinations=destinations,
            ruleset=lambda: rules,
            trust=ssl.create_default_context(cafile=trust or certifi.where()),
            tasks=tasks,
            journal=own,
            credentials=credentials,
            timeout=10.0,
            audit=audit,
        )
        acting = Agent(
            principal=Principal(agent=agent, session="s1"),
            secret_headers=frozenset({b"x-house-key"}),
            key=KEY,
        )
        keeping = Keeping(
            agent=acting,
            store=store,
            sealed=sealed,
            signals=heard,
            metrics=metrics,
            audit=audit,
            traces=traces,
        )
        holding = Holding(
            keeping=keeping,
            replayer=replayer,
            snapshots=replayer.snapshots,
            waiting=waiting or Waiting(usual=0.0, most=30.0),
        )
        gate = Gate(
            ruleset=lambda: rules,
            admission=Admission(agent=acting, store=store, metrics=metrics, audit=audit, traces=traces),
            destinations=destinations,
            holding=holding,
            metrics=metrics,
        )
        worker = Worker(store=store, sealed=sealed, signals=heard, replayer=replayer, tasks=tasks)
        beside = (heard.listen(), worker.watch())
        running = [tasks.create_task(part) for part in beside] if working else []
        if not working:
            for part in beside:
                part.close()
        try:
            yield Gatehouse(
                gate=gate, store=store, sealed=sealed, signer=signer, signals=heard, metrics=metrics
            )
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await replayer.snapshots.stop()
            await redis.aclose()
