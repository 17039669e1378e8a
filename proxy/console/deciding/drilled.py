"""A reviewer answers a drill: it ends, whatever the answer, and the reviewer is told at once."""

import logging

from proxy.console.people.asking import missing
from proxy.console.reading.shown import conflict
from proxy.console.reviewing import Reviewing
from proxy.store.store import Refused
from rules.drill.drill import Answer
from rules.hold import Event, Hold
from rules.reviewer import Reviewer

logger = logging.getLogger(__name__)


def answer_of(event: Event) -> Answer:
    """What a decision says of a drill: whoever takes it back or changes it has not let it run."""
    return Answer.APPROVED if event in (Event.APPROVE, Event.VOTE) else Answer.REJECTED


async def answered(reviewing: Reviewing, drill: Hold, answer: Answer, *, who: Reviewer, reason: str) -> Hold:
    """The drill, ended. What is signed of it approves nothing. Raises Problem."""
    written = reviewing.decision(drill, Event.DRILL, who=who, reason=reason)
    written["drill_answer"] = answer.value.encode()
    try:
        ended = await reviewing.store.step(
            drill, Event.DRILL, by=who.name, fields=written, alive=["decide_by"]
        )
    except Refused as refused:
        if refused.hold is None:
            raise missing(drill.hold_id) from refused
        raise conflict(refused.why, refused.hold, reviewing.now()) from refused
    if drill.drill is not None:
        reviewing.metrics.drill_answers.labels(drill.drill.kind, answer).inc()
    logger.info("drill.answered hold=%s answer=%s reviewer=%s", drill.hold_id, answer, who.name)
    return ended
