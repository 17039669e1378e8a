"""A drill made of a held call by one change. It carries its mark in the binding, so that it never runs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.action import Action
from rules.call import Call, HttpCall
from rules.classify import classify
from rules.drift.difference import Change
from rules.drill.drill import Kind, Mark, Mutation
from rules.drill.mutation import production_target, twins, violations, wider_target
from rules.drill.places import leaves, name_of, rewritten
from rules.edit import signing
from rules.mcp.action import ToolAction
from rules.mcp.message import text_of
from rules.normalize import normalize
from rules.ruleset import Ruleset
from rules.verdict import Judgement, Refusal, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A drill, what it differs in, and how the rules of now judge it."""

    action: Action | ToolAction
    mark: Mark
    change: Change
    judgement: Judgement


def make(action: Action | ToolAction, ruleset: Ruleset, *, kind: Kind, seed: str) -> Made | None:
    """A drill of that kind, or None where nothing in `action` can be changed into one. Never raises.

    Of several changes `seed`, a hash in hexadecimal, chooses one.
    """
    call = _read(action, ruleset)
    if call is None or (isinstance(action, Action) and next(signing(action.fields), None)):
        return None
    found = list(_changes(action, call, kind, seed))
    for n in range(len(found)):
        mutation, change, changed = found[(int(seed[:8], 16) + n) % len(found)]
        drill = replace(changed, drill=True)
        now = _read(drill, ruleset)
        if now is None:
            continue
        judgement = classify(now, ruleset)
        if judgement.verdict is Verdict.HOLD:
            mark = Mark(kind=kind, mutation=mutation)
            return Made(action=drill, mark=mark, change=change, judgement=judgement)
    return None


def _changes(
    action: Action | ToolAction, call: Call, kind: Kind, seed: str
) -> Iterator[tuple[Mutation, Change, Action | ToolAction]]:
    """Each way to change it."""
    if kind is Kind.VIOLATION and isinstance(action, Action):
        yield from _elsewhere(action)
    if isinstance(call, HttpCall) and call.payload.value is None:
        return
    find = violations if kind is Kind.VIOLATION else twins
    for path, value in leaves(call):
        for mutation, new in find(name_of(path), value, seed=seed):
            changed = rewritten(action, call, path, new)
            if changed is not None and changed != action:
                where = ".".join(str(part) for part in path)
                yield mutation, Change(path=where, before=text_of(value), after=text_of(new)), changed


def _elsewhere(action: Action) -> Iterator[tuple[Mutation, Change, Action]]:
    targets = {
        Mutation.WIDER: wider_target(action.method, action.target),
        Mutation.PRODUCTION: production_target(action.target),
    }
    for mutation, target in targets.items():
        if target is not None:
            change = Change(path="target", before=action.target, after=target)
            yield mutation, change, replace(action, target=target)


def _read(action: Action | ToolAction, ruleset: Ruleset) -> Call | None:
    if isinstance(action, ToolAction):
        return action.call
    call = normalize(action.message(), paths=ruleset.paths)
    return None if isinstance(call, Refusal) else call
