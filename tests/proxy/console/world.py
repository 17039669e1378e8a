"""A real store with real sealed holds in it, and the console over it, with or without a socket."""

import asyncio
import secrets
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx2
from redis.asyncio import Redis
from ulid import ULID

from proxy.agent import Agent
from proxy.console.app import create
from proxy.console.people.directory import Directory
from proxy.console.people.entry import ConsoleEntry, PersonEntry
from proxy.console.people.factors.proving import Proving
from proxy.console.people.tokens import ApiTokens
from proxy.console.people.users import Passwords
from proxy.console.reviewing import Reviewing
from proxy.credentials.credentials import Credentials
from proxy.credentials.sources.shelf import Shelf
from proxy.destinations import Allowed, Destinations
from proxy.drift.edited import Editing
from proxy.drift.probe import Probe
from proxy.drift.shots import Shots
from proxy.drift.snapshots import Snapshots
from proxy.grants.kept import Grants
from proxy.grants.spent import Spent
from proxy.keeping import Keeping
from proxy.keys.keyring import Keyring
from proxy.keys.rotation import Rotation
from proxy.keys.sealed import Sealed
from proxy.keys.signing import Signer, Verifier
from proxy.keys.source import InFiles
from proxy.metrics import Metrics
from proxy.serving.listener import Listener
from proxy.signals import Signals
from proxy.store.connection import connect
from proxy.store.history import History
from proxy.store.record import Draft
from proxy.store.store import Store
from proxy.store.timing import Clocks
from rules.action import Action, Principal
from rules.hold import Event, Hold, State
from rules.reply import Reply
from rules.reviewer import Reviewer, Role
from rules.ruleset import Ruleset
from rules.verdict import ReasonId, Tier
from tests.acceptance.processes import until
from tests.rules.calls import compiled

TOKENS = {
    "operator": "operator-token-0123456789",
    "ada": "ada-token-0123456789",
    "bob": "bob-token-0123456789",
}
ADDRESS = ("127.0.0.1", 8081)
BASE = "http://127.0.0.1:8081"
_DEADLINE = 10.0

ACTION = Action(
    method="POST",
    scheme="https",
    host="bank.example",
    port=443,
    target="/transfers?dry=no",
    fields=((b"Content-Type", b"application/json"), (b"X-Note", b"caf\xe9")),
    body=b'{"amount": 12.50, "to": "Zo\xc3\xab"}',
    principal=Principal(human="eve", agent="agent-7", session="s1"),
    credentials=("authorization",),
)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.moment


class Going(Clock):
    """The time as it is, for what serves many tests."""

    def __call__(self) -> datetime:
        """The time."""
        return datetime.now(UTC)


RULES = compiled(
    "rules: [{id: pay, match: {host: bank.example, path: /transfers}, tier: 4, "
    "summary: 'sends {amount} to {to}'}]"
)

ADA = PersonEntry(name="ada", role=Role.LEAD, token_file="ada.token")
PLAIN_ENTRY = ConsoleEntry(people=(ADA,))
"""Ada is a lead, and bob, whom it does not name, a reviewer."""
AGENT = Agent(principal=ACTION.principal, secret_headers=frozenset(), key=b"a" * 32)


async def nobody_asks(hold: Hold) -> Hold:
    """What stands for asking again where no test asks."""
    raise AssertionError(hold.hold_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One approval domain of a real store, and what the console needs of it."""

    url: str
    domain: str
    key: bytes
    redis: Redis
    store: Store
    sealed: Sealed
    metrics: Metrics
    clock: Clock
    checks: dict[str, bool]
    signals: Signals
    folder: Path
    """Where the key files are; there are none unless a test writes them."""
    ruleset: Ruleset = RULES
    entry: ConsoleEntry = PLAIN_ENTRY
    """What the configuration says of people; with it, passwords and API tokens are in `folder`."""
    strict: bool = False
    """Whether an approval of tier 4 has to name its preview, as it has to unless configured otherwise."""

    @classmethod
    def build(cls, url: str, *, window: timedelta = timedelta(minutes=30), **known: object) -> "World":
        """A new domain, or that of another world if `known` has its domain and key."""
        redis = connect(url)
        domain = str(known.get("domain") or secrets.token_hex(8))
        key = known.get("key") or secrets.token_bytes(32)
        assert isinstance(key, bytes)
        validity = {Tier.EXTERNAL: timedelta(hours=24), Tier.HIGH_RISK: timedelta(minutes=15)}
        clocks, metrics = Clocks(decision_window=window, approval_validity=validity), Metrics()
        store = Store(redis, domain=domain, clocks=clocks)
        return cls(
            url=url,
            domain=domain,
            key=key,
            redis=redis,
            store=store,
            sealed=Sealed(Keyring([key], domain=domain)),
            metrics=metrics,
            signals=Signals(store, metrics),
            clock=Clock(),
            checks={"store": True, "proxy": True},
            folder=Path(str(known.get("folder", "/nowhere"))),
            strict=bool(known.get("strict")),
        )

    @property
    def people(self) -> Directory:
        """Everybody who may decide."""
        tokens = {name: sha256(token.encode()).digest() for name, token in TOKENS.items()}
        return Directory(
            tokens,
            entry=self.entry,
            passwords=Passwords(self.folder),
            api_tokens=ApiTokens(self.folder, now=self.clock),
        )

    @property
    def signer(self) -> Signer:
        """The hand of this domain's console."""
        return Signer(key=self.key, domain=self.domain)

    @property
    def grants(self) -> Grants:
        """What leads let run."""
        return Grants(
            store=self.store,
            keyring=self.sealed.keyring,
            verifier=Verifier(consoles=(self.signer.public,), domain=self.domain, now=self.clock),
            metrics=self.metrics,
            spent=Spent(self.folder / "grants", now=self.clock),
            signer=self.signer,
        )

    @property
    def history(self) -> History:
        """What is remembered of agents."""
        return History(self.redis, self.sealed.keyring, keep=timedelta(days=7), ruleset=lambda: self.ruleset)

    @property
    def shelf(self) -> Shelf:
        """The kept tokens of this domain."""
        return Shelf(self.redis, domain=self.domain, keyring=self.sealed.keyring)

    async def approve(self, hold: Hold, *, who: str = "ada", reason: str = "") -> Hold:
        """Approve `hold` as the console does."""
        fields = self.reviewing().decision(hold, Event.APPROVE, who=Reviewer(name=who), reason=reason)
        return await self.store.step(hold, Event.APPROVE, fields=fields)

    async def retry(self, hold: Hold) -> Hold:
        """Have a hold of unknown outcome sent again, as the console does."""
        fields = self.reviewing().decision(hold, Event.RETRY, who=Reviewer(name="ada"), reason="looked")
        return await self.store.step(hold, Event.RETRY, fields=fields)

    def reviewing(self, address: tuple[str, int] = ADDRESS) -> Reviewing:
        """What the console works on."""

        async def ready() -> dict[str, bool]:
            return self.checks

        return Reviewing(
            store=self.store,
            sealed=self.sealed,
            signer=self.signer,
            verifier=Verifier(consoles=(self.signer.public,), domain=self.domain, now=self.clock),
            rotation=Rotation(
                store=self.store,
                sealed=self.sealed,
                source=InFiles(folder=self.folder),
                shelf=self.shelf,
            ),
            metrics=self.metrics,
            grants=self.grants,
            ruleset=lambda: self.ruleset,
            people=self.people,
            proving=Proving(self.folder, now=self.clock),
            again=nobody_asks,
            edit=self.editing.apply,
            signals=self.signals,
            agent=AGENT,
            history=self.history,
            preview_required=self.strict,
            ready=ready,
            address=address,
            names=frozenset({"review.example:8443", "console.example"}),
            now=self.clock,
        )

    @property
    def keeping(self) -> Keeping:
        """What this domain's holds have in common."""
        return Keeping(
            agent=AGENT,
            store=self.store,
            sealed=self.sealed,
            signals=self.signals,
            metrics=self.metrics,
            history=self.history,
        )

    @property
    def editing(self) -> Editing:
        """What puts changed calls in the place of held ones; it reads nothing."""
        probe = Probe(
            destinations=Destinations(allowed=Allowed.parse([]), named=lambda _: False),
            ruleset=lambda: self.ruleset,
            trust=ssl.create_default_context(),
        )
        snapshots = Snapshots(
            shots=Shots(self.store, self.sealed),
            probe=probe,
            credentials=Credentials({}),
            metrics=self.metrics,
            tasks=asyncio.TaskGroup(),
        )
        return Editing(keeping=self.keeping, snapshots=snapshots, ruleset=lambda: self.ruleset)

    def client(
        self, *, token: str | None = TOKENS["ada"], reviewing: Reviewing | None = None
    ) -> httpx2.AsyncClient:
        """A client of the console without a socket between them."""
        transport = httpx2.ASGITransport(create(reviewing or self.reviewing()), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers)

    async def hold(
        self,
        action: Action = ACTION,
        *,
        tier: Tier = Tier.HIGH_RISK,
        credential: str = "bank 1",
        probed: bool = False,
        rule: str = "pay",
        reason_id: ReasonId = ReasonId.RULE,
        policy: str = "f" * 64,
    ) -> Hold:
        """A new hold of `action`."""
        hold_id = str(ULID())
        draft = Draft(
            hold_id=hold_id,
            agent=secrets.token_hex(8),
            digest=action.digest,
            fingerprint=secrets.token_hex(32),
            idempotency_key=secrets.token_hex(16),
            tier=tier,
            rule=rule,
            reason_id=reason_id,
            reason="moves money",
            policy=policy,
            sealed=b"",
            credential=credential,
            key=self.sealed.fresh_key(hold_id, action.digest),
            probed=probed,
        )
        hold, new = await self.store.open(replace(draft, sealed=self.sealed.close_action(draft, action)))
        assert new
        return hold

    async def settled(self, reply: Reply, *, action: Action = ACTION, tier: Tier = Tier.HIGH_RISK) -> Hold:
        """A hold that was approved, sent and answered."""
        hold = await self.hold(action, tier=tier)
        for event in (Event.APPROVE, Event.CLAIM, Event.SEND):
            hold = await self.store.step(hold, event, fields={"decided_by": b"ada"})
        answer = self.sealed.close_answer(hold, reply)
        return await self.store.step(hold, Event.ANSWER, fields={"answer": answer})

    async def spoil(self, hold: Hold, field: str, value: bytes) -> None:
        """Write into the stored hold, past everything that guards it."""
        await self.redis.hset(f"{{sidegate:{self.domain}}}:hold:{hold.hold_id}", field, value)

    async def state(self, hold: Hold) -> State:
        """How the hold stands in the store."""
        found = await self.store.find(hold.hold_id)
        assert found is not None
        return found.state


@contextmanager
def console_of(world: World) -> Iterator[str]:
    """The console of `world`'s domain on a real socket, in a thread of its own; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address: tuple[str, int] = listening.getsockname()
        started: list[Listener] = []
        thread = threading.Thread(target=lambda: asyncio.run(_serve(world, listening, started)))
        thread.start()
        try:
            until(lambda: started, deadline=_DEADLINE, what="the console")
            yield f"http://{address[0]}:{address[1]}"
        finally:
            started[0].stop()
            thread.join(_DEADLINE)
            assert not thread.is_alive()


async def _serve(world: World, listening: socket.socket, started: list[Listener]) -> None:
    own = World.build(world.url, domain=world.domain, key=world.key, folder=world.folder, strict=True)
    own = replace(own, entry=world.entry, clock=world.clock)
    own.checks.update(world.checks)
    started.append(Listener(create(own.reviewing(listening.getsockname())), listening))
    try:
        async with asyncio.TaskGroup() as tasks:
            listening_to_store = tasks.create_task(own.signals.listen())
            await started[0].run()
            listening_to_store.cancel()
    finally:
        await own.redis.aclose()
