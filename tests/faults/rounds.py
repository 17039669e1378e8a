"""Rounds: one fault in one step, and requests until it has struck often enough."""

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic

import httpx2

from tests.acceptance.planted import Fault
from tests.faults.bench import Bench, close
from tests.faults.steps import JUDGING, REPLAYING, Step, Way

_AT_ONCE = 36
_REPLAYED_AT_ONCE = 12
_PATIENCE_SECONDS = 1.5
_HANG_SECONDS = 0.4
_REPLAY_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round is about, and how often the fault has to strike."""

    step: Step
    fault: Fault
    strikes: int


def judging(strikes: int, *, kills: int) -> Iterator[Round]:
    """A round for every fault of every step that an agent waits for."""
    for step in JUDGING:
        for fault in step.faults:
            yield Round(step=step, fault=fault, strikes=strikes)
        yield Round(step=step, fault=Fault.KILL, strikes=kills)


def replaying(strikes: int, *, kills: int) -> Iterator[Round]:
    """The same for the steps of a replay, where what nobody expects ends the sidecar like a kill."""
    for step in REPLAYING:
        for fault in step.faults:
            unexpected = fault in (Fault.RAISE, Fault.TIMEOUT)
            yield Round(step=step, fault=fault, strikes=1 if unexpected else strikes)
        yield Round(step=step, fault=Fault.KILL, strikes=kills)


async def run(bench: Bench, each: Round) -> int:
    """Send until the fault has struck so often, or nobody seems to come by; gives how often it did."""
    struck = 0
    for _ in range(4 + 4 * each.strikes // (1 if each.fault is Fault.KILL else _AT_ONCE)):
        if struck >= each.strikes:
            break
        struck += await _burst(bench, each)
    return struck


async def _burst(bench: Bench, each: Round) -> int:
    """Some requests at once; a fault counts once for each of them at most."""
    before = bench.count_fired()
    approved = Way.REPLAY in each.step.ways
    with bench.clients(patience=_HANG_SECONDS if each.fault is Fault.HANG else _PATIENCE_SECONDS) as clients:
        if approved:
            await _approve(bench, clients, each)
        else:
            bench.arm(each.step.name, each.fault)
            await _ask(bench, clients, each.step.ways)
        bench.disarm()
        await close(clients)
    struck = bench.count_fired() - before
    ended = bench.revive()
    return min(struck, 1 if ended and each.fault is Fault.KILL else _AT_ONCE)


async def _ask(bench: Bench, clients: list[httpx2.AsyncClient], ways: tuple[Way, ...]) -> list[str]:
    """A request from each client by each way; gives the holds that came of it."""
    many = _AT_ONCE if Way.REPLAY not in ways else _REPLAYED_AT_ONCE
    kinds = itertools.islice(itertools.cycle(itertools.product(clients, ways)), many)
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(bench.ask(client, way)) for client, way in kinds]
    answers = [answer for task in asked if (answer := task.result()) is not None]
    return [hold for answer in answers if (hold := answer.headers.get("Sidegate-Hold"))]


async def _approve(bench: Bench, clients: list[httpx2.AsyncClient], each: Round) -> None:
    """Have some requests held, break the step, and approve them: the worker runs them."""
    holds = (await _ask(bench, clients, (Way.REPLAY,)))[: 2 * each.strikes]
    head = {"Authorization": f"Bearer {bench.sidecar.token}"}
    async with httpx2.AsyncClient(base_url=bench.sidecar.console, headers=head, trust_env=False) as console:
        shown = {hold: (await console.get(f"/api/holds/{hold}")).json()["hold"] for hold in holds}
        seen = {h: {"digest": s["digest"], "preview": s["package"]["preview"]} for h, s in shown.items()}
        before = bench.count_fired()
        bench.arm(each.step.name, each.fault)
        for hold, named in seen.items():
            try:
                await console.post(f"/api/holds/{hold}/approve", json=named, timeout=1.0)
            except httpx2.HTTPError:
                break  # the console uses the same steps, and a broken one may be one of them
        end = monotonic() + _REPLAY_SECONDS
        awaited = before + len(seen)
        while bench.count_fired() < awaited and monotonic() < end:  # noqa: ASYNC110 (it is another process)
            await asyncio.sleep(0.05)
