"""One hold whole: how it stands, what would run, what that changes, and what came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from proxy.console.deciding import votes
from proxy.console.problem import Problem
from proxy.console.reading.compared import before, moved
from proxy.console.reading.lesson import lesson_of
from proxy.console.reading.packages import Packages
from proxy.console.reading.shown import contents, outcome, summary
from proxy.console.reviewing import Reviewing
from proxy.drift.shots import Shots
from proxy.keys.seal import SealError, Shredded
from proxy.quality.labels import Labels
from proxy.talk.beside import Besides
from proxy.talk.talk import Talk
from rules.action import Action
from rules.hold import Hold
from rules.mcp.action import ToolAction
from rules.talk import as_json


class Whole:
    """Puts it together, as far as it opens."""

    def __init__(self, reviewing: Reviewing) -> None:
        self._reviewing = reviewing
        self._packages = Packages(reviewing)

    async def of(self, hold: Hold) -> dict[str, Any]:
        """All that a reviewer can see of `hold`, as JSON values."""
        shown = summary(hold) | await self._contents(hold) | {"answer": await self._answer(hold)}
        shown["labels"] = await labels_of(self._reviewing, hold.hold_id)
        return shown | await self._compared(hold) | await self._said(hold)

    async def _said(self, hold: Hold) -> dict[str, object]:
        """What was said about it, and what was changed; None where that does not open."""
        sealed, store = self._reviewing.sealed, self._reviewing.store
        try:
            said = as_json(await Talk(store, sealed).about(hold))
            edited = await self._edited(hold)
        except SealError:
            self._reviewing.metrics.integrity_failures.inc()
            return {"talk": None, "edited": None}
        return {"talk": said, "edited": edited}

    async def _edited(self, hold: Hold) -> list[dict[str, str | None]] | None:
        """What a reviewer changed, or, once a drill is over, what it differs in. Raises SealError."""
        if hold.edited_by:
            return (await Besides(self._reviewing.store, self._reviewing.sealed).of(hold)).edited
        return [asdict(one) for one in await lesson_of(self._reviewing, hold)] or None

    def _quorum(self, hold: Hold, action: Action | ToolAction) -> dict[str, object] | None:
        """Who has to approve it and who has; None where what is stored of that was changed."""
        try:
            return votes.shown(self._reviewing, hold, action)
        except Problem:
            self._reviewing.metrics.integrity_failures.inc()
            return None

    async def _contents(self, hold: Hold) -> dict[str, object]:
        try:
            action = await self._reviewing.action(hold)
            facts = await self._packages.facts(hold, action)
        except SealError as error:
            failed = {"integrity": integrity(error), "integrity_reason": str(error)}
            return failed | {"action": None, "summary": None, "package": None, "quorum": None}
        return {
            "integrity": "ok",
            "integrity_reason": None,
            "action": contents(action),
            "summary": facts.action if facts.by_rule else None,
            "quorum": self._quorum(hold, action),
            "package": await self._packages.document(hold, facts, action),
        }

    async def _compared(self, hold: Hold) -> dict[str, object]:
        """What the hold would change, as it was read when it was held, and what had moved at its claim."""
        shots = Shots(self._reviewing.store, self._reviewing.sealed)
        try:
            read = await shots.before(hold) if hold.probed else None
            drift = moved(await shots.drifted(hold))
            action = None if read is None else await self._reviewing.action(hold)
            reads = [] if read is None or not isinstance(action, Action) else before(read, action)
        except SealError as error:
            self._reviewing.metrics.integrity_failures.inc()
            return {"snapshot": {"integrity": "failed", "integrity_reason": str(error)}, "drift": []}
        return {
            "snapshot": {"recorded": read is not None, "reads": reads} if hold.probed else None,
            "drift": drift,
        }

    async def _answer(self, hold: Hold) -> dict[str, object] | None:
        sealed = await self._reviewing.store.sealed(hold.hold_id, part="answer")
        if sealed is None:
            return None
        try:
            return outcome(self._reviewing.sealed.open_answer(hold, sealed))
        except SealError as error:
            self._reviewing.metrics.integrity_failures.inc()
            return {"integrity": "failed", "integrity_reason": str(error)}


async def labels_of(reviewing: Reviewing, about: str) -> list[dict[str, str]]:
    """What people say of a hold, or of a call that passed, by its id, as JSON values."""
    found = await Labels(reviewing.store).about(about)
    return [{"who": who, "label": label} for who, label in found.items()]


def own_label(labels: Iterable[Mapping[str, str]], name: str) -> str:
    """What somebody has said, empty where that is nothing."""
    return next((one["label"] for one in labels if one["who"] == name), "")


def integrity(error: SealError) -> str:
    """A word for contents that do not open."""
    return "shredded" if isinstance(error, Shredded) else "failed"
