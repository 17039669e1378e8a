"""The facts of a hold, put together from what is known of it."""

from collections.abc import Iterable, Iterator

from rules.account import Account, Undo
from rules.action import Action
from rules.call import Call, HttpCall
from rules.drift.difference import Change, intended
from rules.drift.image import Image
from rules.drift.shot import Shot
from rules.explanation import bearings, summary
from rules.review.inert import hides, turns
from rules.review.lookalike import remarks
from rules.review.money import money_of
from rules.review.package import Facts, Subject, Voice
from rules.review.part import Part, parts
from rules.review.past import shape_of
from rules.review.reach import Several, party, recipients, rows
from rules.review.wording import effect_of, in_words, quoted
from rules.verdict import Category, ReasonId

_RAISED = {
    ReasonId.SECRET_OUTBOUND: "something in it has the shape of a secret, or of data on its way out",
    ReasonId.METHOD_OVERRIDE: "it asks to be treated as another method",
    ReasonId.BUDGET: "with earlier calls it exceeds what a rule lets pass",
    ReasonId.TOOL_CHANGED: "the tool is new, or not what it was when it was first seen",
    ReasonId.ANSWER_SUSPECT: "an answer that the agent got has tried to instruct it",
    ReasonId.RULE_UNKNOWN: "a rule could name it, and its conditions cannot be decided",
}


def facts_of(subject: Subject) -> Facts:
    """All that an approval of the hold is bound to. Never raises."""
    hold, action, call = subject.hold, subject.action, subject.call
    account = _account(subject)
    found = parts(action, call)
    people, other = (None, None) if call is None else (recipients(call), party(call, account))
    money = None if call is None else money_of(call, account)
    told = None if call is None else summary(call, subject.ruleset, hold.rule)
    voices = tuple(_voices(subject))
    category = account.category or _category(voices)
    words = told or _words(subject, category)
    return Facts(
        hold=hold,
        principal=action.principal,
        method=action.method,
        url=action.url,
        action=words,
        by_rule=told is not None,
        money=money,
        people=people,
        party=other,
        rows=None if call is None else rows(call),
        undo=_undo(account.undo),
        changes=_changes(action, subject.shots) if isinstance(action, Action) else None,
        voices=voices,
        warnings=tuple(dict.fromkeys(_warnings(subject, voices, found, people))),
        parts=found,
        reasoning=subject.reasoning,
        shape="" if call is None else shape_of(call, hold.rule),
        talk=subject.talk,
        unanswered=subject.unanswered,
        images=tuple(map(_image, subject.shots)),
    )


def _account(subject: Subject) -> Account:
    rule = subject.ruleset.rule(subject.hold.rule)
    return Account() if rule is None else rule.account


def _words(subject: Subject, category: Category | None) -> str:
    call, account = subject.call, _account(subject)
    if call is None:
        return f"send what cannot be read any more to {quoted(subject.action.url, most=200)}"
    return words_of_call(call, account, category)


def _voices(subject: Subject) -> Iterator[Voice]:
    """Who speaks of the call, the most severe first, and whose word fixed the hold's tier."""
    hold = subject.hold
    for bearing in bearings(subject.call, subject.ruleset) if subject.call is not None else ():
        one = bearing.judgement
        fixed = (one.rule, one.reason_id, one.tier) == (hold.rule, hold.reason_id, hold.tier)
        yield Voice(judgement=one, evidence=bearing.evidence, fixed=fixed)


def _category(voices: Iterable[Voice]) -> Category | None:
    return next((voice.judgement.category for voice in voices if voice.judgement.category), None)


def _undo(undo: Undo | None) -> str | None:
    """The call that takes it back, as the rule names it."""
    if undo is None:
        return None
    by = f"the tool `{undo.tool}`" if undo.tool else " ".join(filter(None, (undo.method, undo.path)))
    return "; ".join(filter(None, (by, undo.note))) or None


def _changes(action: Action, shots: Iterable[Shot]) -> tuple[Change, ...] | None:
    for shot in shots:
        place = shot.read.place
        if (place.target, place.host) == (action.target, action.host) and isinstance(shot.shown, Image):
            return intended(action, shot.shown)
    return None


def _image(shot: Shot) -> str:
    if not isinstance(shot.shown, Image):
        return f"{shot.read.place.url} unread"
    return f"{shot.read.place.url} {shot.shown.there} {shot.shown.etag} {shot.shown.sha256}"


def _warnings(
    subject: Subject, voices: Iterable[Voice], found: Iterable[Part], people: Several | None
) -> Iterator[str]:
    reasons = {subject.hold.reason_id, *(voice.judgement.reason_id for voice in voices)}
    yield from (words for reason, words in _RAISED.items() if reason in reasons)
    if isinstance(subject.call, HttpCall):
        yield from remarks(subject.call.host, subject.known_hosts)
    if subject.call is None:
        yield "it cannot be read under the rules of now, and would not run"
    if any(part.shown is not None and turns(part.shown.text) for part in found):
        yield "it has right-to-left letters, around which digits are shown in another order"
    if people is not None and any(map(hides, people.first)):
        yield "the name of a recipient has characters that nobody sees"
    if hides(subject.reasoning):
        yield "what the agent says has characters that nobody sees"


def words_of_hold(subject: Subject) -> str:
    """What the held call does in plain words, as `facts_of` has it: for lists of many."""
    call, category = subject.call, _account(subject).category
    told = None if call is None else summary(call, subject.ruleset, subject.hold.rule)
    return told or _words(subject, category or _category(_voices(subject)))


def words_of_call(call: Call, account: Account, category: Category | None) -> str:
    """What `call` does in plain words, for the memory of what was asked for."""
    people, money = recipients(call), money_of(call, account)
    return in_words(call, effect_of(call, category), money=money, people=people, party=party(call, account))
