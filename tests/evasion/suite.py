"""Runs cases against one sidecar, or each against its own where its outcome is of what was before."""

import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from tests.acceptance.authority import Authority
from tests.evasion import digests, links
from tests.evasion.agent import Heard, send
from tests.evasion.corpus import Case, Transport
from tests.evasion.isolation import Isolation
from tests.evasion.judging import Happened, Judged, Result, judge, judge_console
from tests.evasion.launcher import Plant
from tests.evasion.places import Places
from tests.evasion.recorder import Record, Recorder
from tests.evasion.subject import SHARED, Subject
from tests.proxy.channels.mail.postbox import Postbox, postbox

_NAME = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}")
_PORT = re.compile(rb"(?:://|\n[Hh]ost: *)[^\s/:]+:([0-9]{1,5})")
_MOST_SECONDS = 225
_SHOWN = "approval-plane"
_ALWAYS = ("pay.test", "h2.test", "mitm.it")


class Suite:
    """The parts that a run needs, around the cases."""

    def __init__(self, cases: Sequence[Case], *, folder: Path, plant: Plant = Plant.NOTHING) -> None:
        self._cases = cases
        self._plant = plant
        self._places = Places.of_this_run()
        self._authority = Authority.create(folder)
        self._recorder = Recorder(
            self._places, authority=self._authority, names=_names(cases), ports=_ports(cases)
        )
        self._subject: Subject | None = None
        self._folder = folder
        self._isolation: Isolation | None = None
        self._rest = ExitStack()
        self._box: Postbox | None = None

    def __enter__(self) -> Self:
        self._recorder.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_subject()
        self._recorder.close()
        self._rest.__exit__(kind, error, trace)

    def run(self) -> list[Result]:
        """All results, in the order of the cases. Raises AssertionError if it cannot get to the end."""
        # Those that need a sidecar of their own come last, so that the others share one.
        order = [case for case in sorted(self._cases, key=lambda case: case.alone) if not case.skipped]
        most = max(_MOST_SECONDS, len(order))
        end = monotonic() + most
        results = dict[str, Result]()
        for case in order:
            if monotonic() > end:
                raise AssertionError(f"{len(results)} of {len(order)} cases took over {most} s")
            results[case.id] = self._run(case)
        return [results[case.id] for case in self._cases if case.id in results]

    def _run(self, case: Case) -> Result:
        if case.transport is Transport.HASH_PAIR:
            return digests.compare(case)
        if case.transport is Transport.NETNS:
            return self._isolated().run(case)
        if case.alone:
            self._end_subject()
        try:
            return self._judge(case, self._running(case))
        except OSError as error:
            # Whatever the upstream saw, a case that ends the sidecar or makes it deaf is no refusal.
            with suppress(AssertionError):  # it may be too deaf to end by itself, and is killed then
                self._end_subject()
            seen = len(self._recorder.take().seen)
            observed = f"the sidecar does not answer any more ({error}); the upstream saw {seen} requests"
            return Result(case=case, judged=Judged.ESCAPED, observed=observed)

    def _judge(self, case: Case, subject: Subject) -> Result:
        if case.transport is Transport.CONSOLE:
            return self._judge_console(case, subject)
        attempts, admitted = subject.attempts(), subject.admitted()
        heard: Heard = send(case, port=subject.port)
        now = subject.attempts()
        if case.layer == _SHOWN and (raw := subject.raw_shown(now.keys() - attempts.keys())):
            return Result(case=case, judged=Judged.ESCAPED, observed=f"reviewers are shown {raw}")
        held = sum(count - attempts.get(hold_id, 0) for hold_id, count in now.items())
        # Before the record is taken, so that no read comes late and counts against the next case.
        own = subject.own_reads(now.keys() - attempts.keys())
        record: Record = self._recorder.take().without(own)
        happened = Happened(record=record, held=held, admitted=subject.admitted() - admitted, heard=heard)
        return judge(case, happened)

    def _judge_console(self, case: Case, subject: Subject) -> Result:
        case_now = links.filled(case, subject, self._postbox())
        before = subject.attempts()
        heard = send(case_now, port=subject.console_port)
        return judge_console(case, heard, decided=len(before.keys() - subject.attempts().keys()))

    def _isolated(self) -> Isolation:
        if self._isolation is None:
            self._isolation = self._rest.enter_context(Isolation(self._folder / "pod"))
        return self._isolation

    def _postbox(self) -> Postbox:
        if self._box is None:
            self._box = self._rest.enter_context(postbox())
        return self._box

    def _running(self, case: Case) -> Subject:
        if self._subject is not None and self._subject.is_full:
            self._end_subject()
        if self._subject is None:
            self._subject = Subject(
                self._places, authority=self._authority, plant=self._plant, extra=self._extra(case)
            )
            self._subject.__enter__()
        return self._subject

    def _extra(self, case: Case) -> str:
        if case.transport is Transport.CONSOLE:
            return links.config(case, self._postbox())
        return "" if case.alone else SHARED

    def _end_subject(self) -> None:
        if self._subject is not None:
            subject, self._subject = self._subject, None
            subject.close()


def _names(cases: Iterable[Case]) -> set[str]:
    """Every name for which the upstream may be asked to speak TLS."""
    written = {name for case in cases for name in (_host(case.connect), case.sni or "")}
    named = {name.lower().rstrip(".") for name in written}
    return {*_ALWAYS, *(name for name in named if _NAME.fullmatch(name))}


def _ports(cases: Iterable[Case]) -> set[int]:
    """Every port at which a case looks for an upstream."""
    tunnels = {(case.connect or "").rpartition(":")[2] for case in cases}
    asked = {port.decode() for case in cases for port in _PORT.findall(case.data)}
    return {int(port) for port in tunnels | asked if port.isdecimal() and 0 < int(port) < 65536}


def _host(authority: str | None) -> str:
    return (authority or "").rpartition(":")[0]
