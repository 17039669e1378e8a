"""The day: ordinary work first, then one fault after the other, each until its alert has fired."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from tests.acceptance.processes import until
from tests.day.people import Agent, Desk
from tests.day.stage import RULES_FILE, STRICTER, WINDOW, Stage
from tests.day.tally import Tally

_ROUNDS = 29
_SECONDS_A_ROUND = 4
_FAULTS_SECONDS = 30
"""What the rest of the day takes."""
_LABELLED = 12
_WAIT_SECONDS = 60.0

CAUSED = frozenset(
    {
        "SidegateRubberStamping",
        "SidegateSecretOutbound",
        "SidegateUpstreamErrors",
        "SidegateOutcomeUnknown",
        "SidegateRulesStale",
        "SidegateKillSwitchOn",
        "SidegateIntegrityFailure",
        "SidegateStoreDown",
        "SidegateFailedClosed",
    }
)
"""The alerts that the script causes. It decides quicker than anybody reads, hence the first."""


def caused(tally: Tally) -> set[str]:
    """Those, and what chance brought: one wrong pass in the sample is an alert."""
    missed = any(label == "should_have_held" for _, label in tally.samples)
    return {*CAUSED, *(["SidegateMissedEscalation"] if missed else [])}


@dataclass(slots=True, kw_only=True)
class Day:
    """One day on a stage."""

    stage: Stage
    agent: Agent
    desk: Desk
    tally: Tally = field(default_factory=Tally)
    own: set[str] = field(default_factory=set)
    """Holds that are not the desk's to find: what else waits there is a drill."""
    asked_to: set[str] = field(default_factory=set)
    number: int = 0

    def work(self, seconds: float) -> None:
        """Ordinary rounds, spread over that time."""
        rounds = max(_ROUNDS, int(seconds / _SECONDS_A_ROUND))
        for number in paced(rounds, seconds):
            self._reads(3)
            self._drafts()
            self._held("/v1/transfers", "4")
            self._held("/v1/notes", "3")
            if number % 3 == 0:
                self.answer_drills()
        self._samples()
        until(self._all_run, deadline=_WAIT_SECONDS, what="all that was approved to run")

    def spoilt(self) -> None:
        """Somebody writes to the store; nobody can approve what is left, and its time runs out."""
        hold_id = self._asked("/v1/notes", "3")
        self.stage.store.spoil(hold_id)
        assert self.desk.refused(hold_id) == 409
        self.stage.fires("SidegateIntegrityFailure")
        self.tally.expired += 1

    def odd_calls(self) -> None:
        """What is refused, blocked, joined, or looks like a leak."""
        assert self.agent.ask("POST", "/v1/wipe", {}).status_code == 403
        self.tally.admitted["4", "block"] += 1
        assert self.agent.ask("BREW", "/v1/pot").status_code >= 400
        self.tally.refused["method_unknown"] += 1
        twice = self._asked("/v1/notes", "3")
        self.number -= 1
        assert self._asked("/v1/notes", "3") == twice
        self.tally.joined += 1
        self._decide(twice, "reject")
        # The shape of a key, made here so that nobody finds one in a file.
        key = "AKIA" + "QYLPMN5HFIQR7XYA"
        leak = self.agent.hold("/v1/drafts", text=key)
        self.tally.admitted[str(self.desk.see(leak)["tier"]), "hold"] += 1
        self.own.add(leak)
        self._decide(leak, "reject")
        self.stage.fires("SidegateSecretOutbound")

    def faults(self) -> None:
        """The upstream fails and goes, the rules file is broken, and somebody turns the kill switch on."""
        for _ in range(3):
            failing = self._asked("/status/503", "3")
            self._approved(failing, "error", "execution_error")
        broken = self._asked("/close", "3")
        self._decide(broken, "approve")
        self._in_state(broken, "outcome_unknown")
        self.stage.write_rules("version: 1\nrules: [{id: pay, tier: 9}]\n")
        self.desk.kill(on=True)
        assert self.agent.ask("POST", "/v1/drafts", {"text": "a"}).status_code == 403
        self.tally.refused["kill_switch"] += 1
        self._reads(1)
        for alert in ("UpstreamErrors", "OutcomeUnknown", "RulesStale", "KillSwitchOn"):
            self.stage.fires(f"Sidegate{alert}")
        self.desk.kill(on=False)
        self.desk.act(broken, "resolve", outcome="executed", reason="it is in the books")
        self.tally.ended["confirm"] += 1

    def drift(self) -> None:
        """The rules are mended, and then stricter than those by which something was held."""
        self.stage.load_rules(RULES_FILE)
        drifting = self._asked("/v1/changing", "3")
        self.stage.load_rules(STRICTER)
        self._approved(drifting, "drift", "drift_refused")

    def store_away(self) -> None:
        """It is stopped and started again; meanwhile reads pass and nothing else does."""
        self.stage.store.stop()
        assert self.agent.ask("POST", "/v1/drafts", {"text": "a"}).status_code == 503
        self._reads(1)
        self.stage.fires("SidegateStoreDown")
        self.stage.fires("SidegateFailedClosed")
        self.stage.store.start()
        until(lambda: self.stage.sidecar.ready, deadline=_WAIT_SECONDS, what="the sidecar to be ready")

    def answered(self) -> None:
        """Nothing waits any more: drills are answered, and what is spoilt has expired."""
        until(self._all_answered, deadline=WINDOW + _WAIT_SECONDS, what="nothing to wait")

    def end(self) -> None:
        """Let Prometheus see the last of it."""
        self._reads(1)
        last = 'sum(sidegate_admissions_total{tier="1"})'
        self.stage.reached(last, self.tally.admitted["1", "pass"], what="the last scrape")
        settled = "job:sidegate_decisions:increase7d"
        self.stage.reached(settled, self.tally.decided.total() - 0.5, what="the last evaluation")
        self.stage.reached("count(job:sidegate_accuracy:ratio7d)", 1, what="the store's gauges to be back")

    def _all_run(self) -> bool:
        ran = self.stage.sidecar.metric("sidegate_hold_transitions_total", event="answer")
        return ran >= self.tally.ended["answer"]

    def _samples(self) -> None:
        """Look at what passed: the first one should not have, says somebody who thinks again at once."""
        for sample in self.desk.passed():
            tier, first = str(sample["tier"]), not self.tally.samples
            if not first:
                self.desk.label_passed(sample["sample_id"], "should_have_held")
            word = "should_have_held" if first else "right"
            self.desk.label_passed(sample["sample_id"], word)
            self.tally.samples[tier, word] += 1

    def _all_answered(self) -> bool:
        self.answer_drills()
        return not self.desk.waiting()

    def _reads(self, count: int) -> None:
        for _ in range(count):
            assert self.agent.ask("GET", "/echo").status_code == 200
            self.tally.admitted["1", "pass"] += 1

    def _drafts(self) -> None:
        assert self.agent.ask("POST", "/v1/drafts", {"text": "dear all"}).status_code == 201
        self.tally.admitted["2", "pass"] += 1

    def _asked(self, path: str, tier: str) -> str:
        self.number += 1
        number = self.number
        body = {"amount": 100 + number, "currency": "eur", "to": f"Tenant {number}", "memo": f"rent {number}"}
        hold_id = self.agent.hold(path, **body)
        self.own.add(hold_id)
        self.tally.admitted[tier, "hold"] += 1
        return hold_id

    def _held(self, path: str, tier: str) -> None:
        hold_id = self._asked(path, tier)
        match self.number % 10:
            case 7:
                self._decide(hold_id, "reject")
            case 8:
                self._decide(hold_id, "respond")
            case _:
                self._decide(hold_id, "approve")
                self.tally.ended["answer"] += 1
        if self.number <= _LABELLED:
            self._label(hold_id)

    def _label(self, hold_id: str) -> None:
        """Every third was unnecessary; the first time, somebody said the other word before."""
        words = ("necessary", "unnecessary")
        word = words[self.number % 3 == 0]
        if not self.tally.labels:
            self.desk.act(hold_id, "label", label=words[self.number % 3 != 0])
        self.desk.act(hold_id, "label", label=word)
        self.tally.labels[word] += 1

    def _decide(self, hold_id: str, event: str) -> None:
        seen = self.desk.see(hold_id)
        self.asked_to.add(seen["package"]["asks_to"])
        match event:
            case "approve":
                self.desk.approve(seen)
                self.tally.fast += 1
            case "respond":
                self.desk.act(hold_id, "respond", answer="ask again tomorrow")
            case _:
                self.desk.act(hold_id, event, reason="not today")
        self.tally.decided[event] += 1

    def _approved(self, hold_id: str, event: str, state: str) -> None:
        self._decide(hold_id, "approve")
        self._in_state(hold_id, state)
        self.tally.ended[event] += 1

    def _in_state(self, hold_id: str, state: str) -> None:
        until(
            lambda: self.desk.see(hold_id)["state"] == state,
            deadline=_WAIT_SECONDS,
            what=f"the hold to be `{state}`",
        )

    def answer_drills(self) -> None:
        """Whatever nobody here has asked for; the first of each kind is answered wrongly."""
        for hold_id in set(self.desk.waiting()) - self.own:
            seen = self.desk.see(hold_id)
            harmless = seen["package"]["asks_to"] in self.asked_to
            kind = "benign" if harmless else "violation"
            first = not any(known == kind for known, _ in self.tally.drills)
            if harmless is not first:
                told = self.desk.approve(seen)["drill"]
            else:
                told = self.desk.act(hold_id, "reject", reason="nobody asked for that")["drill"]
            self.tally.drills[told["kind"], told["answer"]] += 1


def paced(rounds: int, seconds: float) -> Iterator[int]:
    """So many rounds, each not before its time in `seconds`."""
    began = time.monotonic()
    for number in range(rounds):
        wait = began + seconds * number / rounds - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        yield number


def played(stage: Stage, seconds: float) -> Tally:
    """The whole day; returns what the script counted."""
    with closing(Agent(stage)) as agent, closing(Desk(stage)) as desk:
        day = Day(stage=stage, agent=agent, desk=desk)
        day.spoilt()
        day.odd_calls()
        day.work(max(0.0, seconds - _FAULTS_SECONDS))
        stage.fires("SidegateRubberStamping")
        for fault in (day.faults, day.drift, day.answered):
            fault()
            day.answer_drills()
        day.store_away()
        day.end()
        return day.tally
