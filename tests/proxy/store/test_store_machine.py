"""Any sequence of steps against a real server and a model made from the table of states."""

import asyncio
import secrets
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis.asyncio import Redis

from proxy.store.connection import connect
from proxy.store.store import Refused, Store
from rules.hold import OPEN, REMEMBERED, TRANSITIONS, UNENDED, Event, Hold, State, origins
from tests.proxy.drafts import content, draft, stores, text
from tests.proxy.redis_child import redis_server

_LEASED = (State.CLAIMED, State.SENDING)
_FINGERPRINTS = st.sampled_from(["a" * 64, "b" * 64, "c" * 64])
_PATIENT_OR_LAPSED = st.sampled_from([0, 0, 0, 0, 1])
_INDEXES = st.sampled_from([0, 0, 0, 1, 2, 3])
_FENCES = st.sampled_from([None, None, -1, 0, 0, 0, 1])
_LEASING = (Event.CLAIM, Event.SEND, Event.RESEND)
_CLOCKS = {
    Event.APPROVE: {"decide_by"},
    Event.VOTE: {"decide_by"},
    Event.RECANT: {"decide_by"},
    Event.REMIND: {"decide_by"},
    Event.UNDO: {"grace_until"},
    Event.CLAIM: {"run_by"},
    Event.REVIVE: {"run_by"},
    # No key was promised to be known in these sequences.
    Event.RESEND: {"run_by", "resend_by"},
}
# No approval can be taken back in these sequences.
_NEVER = frozenset({"resend_by", "grace_until"})
_URL = ""


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    """Run one store for all sequences; each has an approval domain of its own."""
    global _URL
    with redis_server() as _URL:
        yield


@dataclass(slots=True, kw_only=True)
class Known:
    """What the model knows of one hold."""

    hold_id: str
    digest: str
    fingerprint: str
    state: State = State.PENDING
    fence: int = 0
    attempts: int = 1
    collected: bool = False
    overdue: bool = False
    """Whether the next deadline has passed."""
    lapsed: set[str] = field(default_factory=set)
    """Which of `decide_by`, `run_by` and `resend_by` have passed, or were never set."""


class Life(RuleBasedStateMachine):
    """Holds of one approval domain; every rule is checked against the model when it returns."""

    @initialize()
    def begin(self) -> None:
        """Start a domain with one hold: which rules an example is without is left to chance."""
        self.runner = asyncio.Runner()
        self.redis: Redis = connect(_URL)
        self.domain = secrets.token_hex(8)
        self.stores = stores(self.redis, domain=self.domain)
        self.known: list[Known] = []
        self.owners: dict[str, Known] = {}
        self.killed = False
        self._open("a" * 64, late=0, together=1)

    def teardown(self) -> None:
        """Close what `begin` opened."""
        if hasattr(self, "runner"):
            self.do(self.redis.aclose())
            self.runner.close()

    def do[T](self, step: Coroutine[Any, Any, T]) -> T:
        """Run one step to its end."""
        return self.runner.run(step)

    @rule(fingerprint=_FINGERPRINTS, late=_PATIENT_OR_LAPSED, together=st.integers(1, 4))
    def open(self, fingerprint: str, late: int, together: int) -> None:
        """Several processes hold the same request at once: one hold, and each of them in it."""
        self._open(fingerprint, late=late, together=together)

    def _open(self, fingerprint: str, *, late: int, together: int) -> None:
        drafts = [draft(fingerprint=fingerprint) for _ in range(together)]
        owner = self.owners.get(fingerprint)

        async def all_open() -> list[tuple[Hold, bool]]:
            return await asyncio.gather(*(self.stores[late].open(each) for each in drafts))

        opened = self.do(all_open())
        assert sum(new for _, new in opened) == (owner is None)
        assert len({hold.hold_id for hold, _ in opened}) == 1
        if owner is None:
            new = next(hold for hold, new in opened if new)
            owner = Known(hold_id=new.hold_id, digest=new.digest, fingerprint=fingerprint, attempts=0)
            owner.overdue = bool(late)
            owner.lapsed = {*_NEVER, *({"decide_by"} if late else ())}
            self.known.append(owner)
            self.owners[fingerprint] = owner
        owner.attempts += together

    @rule(
        at=_INDEXES,
        event=st.sampled_from(list(Event)),
        late=_PATIENT_OR_LAPSED,
        fence=_FENCES,
        guards=st.fixed_dictionaries(
            {}, optional={"due": st.just(True), "digest": st.sampled_from(["right", "wrong"])}
        ),
    )
    def step(self, at: int, event: Event, late: int, fence: int | None, guards: dict[str, Any]) -> None:
        """Try any event on any hold, with any guards: it happens if and only if the table allows it."""
        known = self.known[-1 - at % len(self.known)]
        change = dict(guards)
        if fence is not None:
            change["fence"] = known.fence + fence
        if "digest" in change:
            change["digest"] = known.digest if change["digest"] == "right" else "0" * 64
        self._try(known, event, change, late=late)

    @rule(
        at=_INDEXES,
        choice=st.sampled_from([0, 0, 0, 0, 0, 1, 2, 3]),
        late=_PATIENT_OR_LAPSED,
        fence=st.sampled_from([None, 0]),
    )
    def advance(self, at: int, choice: int, late: int, fence: int | None) -> None:
        """Go on along the table, most often towards execution: blind steps seldom get there."""
        going = [known for known in self.known if TRANSITIONS[known.state]]
        if not going:
            return self._open(secrets.token_hex(32), late=0, together=1)
        known = going[-1 - at % len(going)]
        events = list(TRANSITIONS[known.state])
        change = {} if fence is None else {"fence": known.fence}
        return self._try(known, events[choice % len(events)], change, late=late)

    def _try(self, known: Known, event: Event, change: dict[str, Any], *, late: int) -> None:
        """Try a step: either it happens as in the model, or nothing at all happens."""
        objections = self._objections(known, event, change)
        before = self.do(content(self.redis, domain=self.domain))
        why = self.do(_tried(self.stores[late], self._hold(known), event, change))
        if objections:
            assert why in objections
            assert self.do(content(self.redis, domain=self.domain)) == before
        else:
            assert why is None
            self._follow(known, event, late=bool(late))

    @rule(at=_INDEXES, workers=st.integers(2, 5))
    def claim_together(self, at: int, workers: int) -> None:
        """Several workers want one hold: at most one gets it."""
        known = self.known[-1 - at % len(self.known)]
        expected = 0 if self._objections(known, Event.CLAIM, {}) else 1
        hold = self._hold(known)

        async def all_claim() -> list[str | None]:
            claims = (_tried(self.stores[0], hold, Event.CLAIM, {}) for _ in range(workers))
            return await asyncio.gather(*claims)

        assert self.do(all_claim()).count(None) == expected
        if expected:
            self._follow(known, Event.CLAIM, late=False)

    @rule(at=_INDEXES, late=_PATIENT_OR_LAPSED, fence=st.sampled_from([-1, 0, 0, 1]))
    def renew(self, at: int, late: int, fence: int) -> None:
        """A worker says that it lives; only the one with the newest claim is believed."""
        known = self.known[-1 - at % len(self.known)]
        hold = self._hold(known, fence=known.fence + fence)
        if known.state in _LEASED and fence == 0:
            self.do(self.stores[late].renew(hold))
            known.overdue = bool(late)
            return
        before = self.do(content(self.redis, domain=self.domain))
        with pytest.raises(Refused):
            self.do(self.stores[late].renew(hold))
        assert self.do(content(self.redis, domain=self.domain)) == before

    @rule(at=_INDEXES, together=st.integers(1, 3))
    def collect(self, at: int, together: int) -> None:
        """The outcome is handed out once; a denial or a doubt never uses it up."""
        known = self.known[-1 - at % len(self.known)]
        hold = self._hold(known)

        async def all_collect() -> list[bool]:
            return await asyncio.gather(*(self.stores[0].collect(hold) for _ in range(together)))

        collectable = known.state not in OPEN | REMEMBERED and not known.collected
        assert sum(self.do(all_collect())) == collectable
        if collectable:
            known.collected = True
            if self.owners.get(known.fingerprint) is known:
                del self.owners[known.fingerprint]

    @rule(on=st.sampled_from([False, False, False, True]))
    def switch(self, on: bool) -> None:
        """An operator uses the kill switch."""
        self.do(self.stores[0].kill("stop" if on else None))
        self.killed = on

    @invariant()
    def agrees(self) -> None:
        """Every hold stands where the model has it, and every index names exactly the right ones."""
        if not hasattr(self, "runner"):
            return
        patient = self.stores[0]
        listed = self.do(patient.list())
        assert {hold.hold_id: _shown(hold) for hold in listed} == {
            known.hold_id: _shown(known) for known in self.known
        }
        for hold in listed:
            assert self.do(patient.find(hold.hold_id)) == hold
        for listed_in, state in (
            (patient.approved, State.APPROVED),
            (patient.unknown, State.OUTCOME_UNKNOWN),
        ):
            assert set(self.do(listed_in())) == {k.hold_id for k in self.known if k.state is state}
        unended = {known.hold_id for known in self.known if known.state in UNENDED}
        assert set(self.do(patient.unended())) == unended
        overdue = {known.hold_id for known in self.known if known.state in OPEN and known.overdue}
        assert set(self.do(patient.overdue())) == overdue
        assert self.do(self._timed()) == {k.hold_id for k in self.known}
        assert self.do(self._mortal()) == self._expected_mortal()

    def _objections(self, known: Known, event: Event, change: dict[str, Any]) -> set[str]:
        """Everything that speaks against the step; empty if it has to happen."""
        target = TRANSITIONS[origins(event)[0]][event]
        fenced = "fence" in change
        right = change.get("fence") == known.fence
        repeatable = event not in _LEASING
        if known.state not in origins(event) and fenced and right and target is known.state and repeatable:
            return set()
        found = {
            "fence": fenced and not right,
            "state": known.state not in origins(event),
            "killed": self.killed and event in _LEASING,
            "digest": change.get("digest", known.digest) != known.digest,
            "late": bool(_CLOCKS.get(event, set()) & known.lapsed),
            "early": "due" in change and not known.overdue,
        }
        return {why for why, is_so in found.items() if is_so}

    def _follow(self, known: Known, event: Event, *, late: bool) -> None:
        """Take the step in the model, too."""
        if known.state not in origins(event):
            return  # it was made before
        known.state = TRANSITIONS[known.state][event]
        match event:
            case Event.APPROVE | Event.RETRY:
                known.overdue = late
                known.lapsed -= {"run_by"}
                known.lapsed |= {"run_by"} if late else set()
            case Event.CLAIM | Event.RESEND:
                known.fence += 1
                known.overdue = late
            case Event.SEND:
                known.overdue = late
            case Event.VOTE | Event.RECANT | Event.REMIND | Event.PROLONG:
                known.overdue = "decide_by" in known.lapsed
            case Event.RELEASE | Event.WITHDRAW | Event.REVIVE:
                known.overdue = "run_by" in known.lapsed

    def _hold(self, known: Known, *, fence: int | None = None) -> Hold:
        hold = self.do(self.stores[0].find(known.hold_id))
        assert hold is not None
        if fence is None:
            return hold
        return _with_fence(hold, fence)

    def _key(self, name: str) -> str:
        return f"{{sidegate:{self.domain}}}:{name}"

    async def _timed(self) -> set[str]:
        found = await self.redis.zrange(self._key("deadlines"), 0, -1)
        return {text(hold_id) for hold_id in found}

    async def _mortal(self) -> dict[str, bool]:
        """Every key of the domain, and whether it expires by itself."""
        names = [text(key) for key in await self.redis.keys(self._key("*"))]
        found = {name.removeprefix(self._key("")): await self.redis.pttl(name) > 0 for name in names}
        assert all(mortal for name, mortal in found.items() if name.startswith("recent:"))
        return {name: mortal for name, mortal in found.items() if not name.startswith("recent:")}

    def _expected_mortal(self) -> dict[str, bool]:
        expected = {f"hold:{known.hold_id}": True for known in self.known}
        expected |= {f"fingerprint:{fingerprint}": True for fingerprint in self.owners}
        expected |= {"holds": False} if self.known else {}
        expected |= {"deadlines": False, "events": True} if self.known else {}
        expected |= {"approved": False} if any(k.state is State.APPROVED for k in self.known) else {}
        unended = any(k.state in UNENDED for k in self.known)
        expected |= {"unended": False} if unended else {}
        unknown = any(k.state is State.OUTCOME_UNKNOWN for k in self.known)
        expected |= {"unknown": False} if unknown else {}
        return expected | ({"kill": False} if self.killed else {})


async def _tried(store: Store, hold: Hold, event: Event, change: dict[str, Any]) -> str | None:
    """What stands in the way of the step, or None if it was taken."""
    try:
        stepped = await store.step(hold, event, **change)
    except Refused as refused:
        return refused.why
    assert stepped.state is TRANSITIONS[origins(event)[0]][event]
    return None


def _with_fence(hold: Hold, fence: int) -> Hold:
    values = {name: getattr(hold, name) for name in Hold.__slots__}
    return Hold(**values | {"fence": fence})


def _shown(of: Hold | Known) -> tuple[State, int, int, bool]:
    return (of.state, of.fence, of.attempts, of.collected)


Life.TestCase.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=40)
TestLife = Life.TestCase
