"""A scripted team that answers drills among real holds, and what the script itself counts of it."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import batched

import httpx2
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from proxy.quality.drills import Drills
from proxy.replay.worker import Worker
from proxy.signals import Signals
from proxy.store.deadlines import Deadlines
from rules.action import Action
from rules.drill.drill import Answer, Kind
from rules.hold import Hold, State
from tests.acceptance.authority import Authority
from tests.acceptance.upstream import Upstream
from tests.proxy.console.world import World
from tests.proxy.redis_child import eventually
from tests.proxy.replays import Replays, action_to, replaying, rules

_REAL = 8
_BLOCK = 100
_SHOULD = {Kind.VIOLATION: Answer.REJECTED, Kind.BENIGN: Answer.APPROVED}

type Samples = dict[str, float]


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the script saw."""

    answers: Counter[tuple[Kind, Answer]] = field(default_factory=Counter)
    disguises: int = 0
    """Drills that could be told from a hold before they were answered."""
    untold: int = 0
    """Answers after which nobody said that it was a drill, or said it wrongly."""
    counted: set[str] = field(default_factory=set)
    """Series of other things that drills have moved."""
    real: int = 0
    """Calls that an agent asked for, and that ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """Everything that a drill passes on its way."""

    replays: Replays
    drills: Drills
    upstream: Upstream
    api: httpx2.AsyncClient
    tally: Tally = field(default_factory=Tally)

    @property
    def world(self) -> World:
        """The store and the console."""
        return self.replays.world

    async def real(self, count: int) -> None:
        """Calls that agents asked for and that people approve: what drills are made of."""
        for number in range(count):
            hold = await self.replays.approved(_action(self.upstream, number))
            await eventually(partial(self._has_run, hold), what="a call to run")
            self.tally.real += 1

    async def _has_run(self, hold: Hold) -> bool:
        """Whether it is recorded, and counted, which comes after that."""
        counted = self.replays.count("sidegate_replay_seconds_count", disposition="approved-executed")
        state = (await self.replays.found(hold)).state
        return state is State.EXECUTED and counted == self.tally.real + 1

    async def one(self, number: int) -> None:
        """One drill, answered as the script has it."""
        drill = await self.drills.make(secrets.token_hex(13))
        assert drill is not None
        assert drill.drill is not None
        kind, path = drill.drill.kind, f"/api/holds/{drill.hold_id}"
        shown = (await self.api.get(path)).json()["hold"]
        self.tally.disguises += shown["drill"] is not None or "drill" in str(shown["standing"])
        answer = planned(kind, number)
        await self._answer(drill, shown, answer, number)
        self.tally.answers[kind, answer] += 1
        told = (await self.api.get(path)).json()["hold"]["drill"]
        expected = None if answer is Answer.EXPIRED else answer is _SHOULD[kind]
        right = told and (told["kind"], told["answer"], told["right"]) == (kind, answer, expected)
        self.tally.untold += not right

    async def _answer(self, drill: Hold, shown: dict[str, object], answer: Answer, number: int) -> None:
        path = f"/api/holds/{drill.hold_id}"
        if answer is Answer.EXPIRED:
            await self._let_pass(drill)
            return
        if answer is Answer.APPROVED:
            package = shown["package"]
            assert isinstance(package, dict)
            body = {"digest": drill.digest, "preview": package["preview"]}
            response = await self.api.post(f"{path}/approve", json=body)
        elif number % 3:
            response = await self.api.post(f"{path}/reject", json={"reason": "not what was asked for"})
        else:
            response = await self.api.post(f"{path}/respond", json={"answer": "ask for less"})
        assert response.status_code == 200, response.text
        self.tally.untold += "this was a drill" not in response.json()["hold"]["drill"]["said"]

    async def _let_pass(self, drill: Hold) -> None:
        """Nobody answers, and its time is over."""
        world = self.world
        await world.spoil(drill, "decide_by", b"1000")
        await world.redis.zadd(f"{{sidegate:{world.domain}}}:deadlines", {drill.hold_id: 1})
        await Deadlines(store=world.store, metrics=world.metrics).sweep()

    def samples(self) -> Samples:
        """Every sample but the drills' own and the times since when series count."""
        text = generate_latest(self.world.metrics.registry).decode()
        return {
            f"{sample.name} {sorted(sample.labels.items())}": sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if not sample.name.startswith("sidegate_drill") and not sample.name.endswith("_created")
        }


def planned(kind: Kind, number: int) -> Answer:
    """What the script answers: it catches most, and is not free of alarms."""
    if number % 25 == 24:
        return Answer.EXPIRED
    if kind is Kind.VIOLATION:
        return Answer.APPROVED if number % 8 == 3 else Answer.REJECTED
    return Answer.REJECTED if number % 6 == 1 else Answer.APPROVED


@asynccontextmanager
async def exercising(redis_url: str, authority: Authority) -> AsyncIterator[Exercise]:
    """A domain of its own, with a worker that runs whatever is approved."""
    with Upstream(authority.issue()) as upstream:
        async with replaying(redis_url, authority) as replays, asyncio.TaskGroup() as tasks:
            world = replays.world
            signals = Signals(world.store, world.metrics)
            worker = Worker(
                store=world.store,
                sealed=world.sealed,
                signals=signals,
                replayer=replays.replayer,
                tasks=tasks,
            )
            running = [tasks.create_task(part) for part in (signals.listen(), worker.watch())]
            async with replace(world, strict=True).client() as api:
                drills = Drills(keeping=world.keeping, ruleset=rules, rate=1.0, most=3)
                yield Exercise(replays=replays, drills=drills, upstream=upstream, api=api)
            for task in running:
                task.cancel()


async def exercise(redis_url: str, authority: Authority, count: int) -> Exercise:
    """So many drills, by the hundred, among real holds that run."""
    async with exercising(redis_url, authority) as found:
        for numbers in batched(range(count), _BLOCK, strict=False):
            await found.real(_REAL)
            before = found.samples()
            for number in numbers:
                await found.one(number)
            found.tally.counted |= {n for n, value in found.samples().items() if before.get(n) != value}
        return found


def _action(upstream: Upstream, number: int) -> Action:
    body = b'{"amount": %d, "to": "DE0212030000%010d", "memo": "Invoice %d"}' % (number + 7, number, number)
    return action_to(upstream.port, body=body)
