"""Where a fault can strike: every hook and dependency on the way of a request."""

from dataclasses import dataclass
from enum import StrEnum

from tests.acceptance.planted import OWN, Fault, waits


class Way(StrEnum):
    """Which kind of request comes by a step."""

    READ = "read"
    """Tier 1: passes without the store."""
    WRITE = "write"
    """Tier 2: passes unless the kill switch is on."""
    HOLD = "hold"
    """Tier 3: is held."""
    REPLAY = "replay"
    """Tier 3, approved: is run by the worker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One place, and the ways that lead by it."""

    name: str
    ways: tuple[Way, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that this step can have without ending the process."""
        faults = [Fault.RAISE, Fault.TIMEOUT]
        if self.name.partition(":")[0] in OWN:
            faults.append(Fault.OWN)
        if waits(self.name):
            faults.append(Fault.HANG)
        return tuple(faults)


def _steps(ways: tuple[Way, ...], *names: str) -> tuple[Step, ...]:
    return tuple(Step(name=name, ways=ways) for name in names)


_PASSING = _steps(
    (Way.READ, Way.WRITE),
    "addons.default_deny:DefaultDeny.next_layer",
    "addons.default_deny:DefaultDeny.admit",
    "addons.default_deny:DefaultDeny.server_connect",
    "addons.connections:Connections.client_connected",
    "addons.enforce:Enforce.judge",
    "addons.enforce:Enforce.judge_at_once",
    "addons.enforce:Enforce.request",
    "addons.enforce:Enforce._settle",
    "addons.enforce:Enforce._ask",
    "addons.enforce:Enforce.responseheaders",
    "addons.enforce:Enforce.response",
    "addons.enforce:message_of",
    "addons.enforce:become",
    "addons.enforce:_request",
    "addons.http1.layer:addressed",
    "addons.http1.upstream:framed",
    "addons.http1.upstream:written",
    "proxy.gate:Gate.connect",
    "proxy.gate:Gate.admit",
    "proxy.gate:Gate.at_once",
    "proxy.gate:Gate._pass",
    "proxy.rulebook:Rulebook.current",
    "proxy.gate:normalize",
    "proxy.gate:classify",
    "proxy.destinations:Destinations.find",
    "proxy.destinations:Destinations.remembered",
    "proxy.destinations:Destinations._resolve",
    "proxy.witness:Witness.record",
)
_WRITING = _steps((Way.WRITE,), "proxy.store.store:Store.killed", "proxy.admission:afford")
_HOLDING = _steps(
    (Way.HOLD,),
    "proxy.agent:bind",
    "proxy.agent:fingerprint",
    "proxy.holding:standing",
    "proxy.holding:Holding.hold",
    "proxy.holding:Holding.draft",
    "proxy.keeping:Keeping.wait",
    "proxy.keeping:Keeping.hand_out",
    "proxy.keys.sealed:Sealed.close_action",
    "proxy.store.store:Store.open",
)
REPLAYING = _steps(
    (Way.REPLAY,),
    "proxy.store.store:Store.approved",
    "proxy.store.store:Store.find",
    "proxy.store.store:Store.step",
    "proxy.store.store:Store.sealed",
    "proxy.keys.sealed:Sealed.open_action",
    "proxy.keys.sealed:Sealed.close_answer",
    "proxy.credentials.credentials:Credentials.supply",
    "proxy.credentials.sources.stated:FromEnvironment.read",
    "proxy.destinations:Destinations.find",
    "proxy.witness:Witness.record",
    "proxy.replay.preparation:normalize",
    "proxy.replay.preparation:classify",
    "proxy.replay.replayer:Replayer.run",
    "proxy.replay.line:Line.cross",
    "proxy.replay.journal:Journal.record",
    "proxy.replay.replayer:exchange",
    "proxy.drift.snapshots:Snapshots.check",
    "proxy.keys.signing:Verifier.fault",
    "proxy.replay.replayer:Replayer._record",
    "proxy.replay.worker:Worker._run_if_possible",
)
JUDGING = (*_PASSING, *_WRITING, *_HOLDING)
"""The steps of requests that an agent waits for."""

NAMES = tuple(dict.fromkeys(step.name for step in (*JUDGING, *REPLAYING)))
