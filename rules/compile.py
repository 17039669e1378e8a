"""From the texts of rules files to one ruleset, or to everything that is wrong with them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum

from rules.account import Account, Undo
from rules.budget import Budget
from rules.handling import USUAL, Handling, Handoff, Idempotency, Outcome, Quorum, Snapshot, Verify
from rules.language import holding
from rules.language import rule_file as language
from rules.language.document import Document, Problem, read_document
from rules.language.requirement import Requirement
from rules.language.rule_file import RulesFile
from rules.matching.asking import Asking, read_operation
from rules.matching.condition import Check, Condition, Operator
from rules.matching.pattern import ANYWHERE, read_name, read_path
from rules.matching.predicate import read_predicate
from rules.matching.reading import Source, Steps
from rules.request.path_readings import PathPolicy
from rules.request.strict_json import Json, canonical
from rules.ruleset import EVERY, Alternative, Defaults, HttpEndpoint, Rule, Ruleset, Test, ToolEndpoint
from rules.verdict import Mode, Tier

type Files = Sequence[Document[RulesFile]]


def compile_rules(
    documents: Sequence[tuple[str, str]], packs: Ruleset | None = None, *, agent: str | None = None
) -> Ruleset | tuple[Problem, ...]:
    """Compile rules files, each a name and a text, in order; no files at all give the built-in defaults.

    `packs` speak where no rule in the files certainly names a call. `agent`: whose calls are judged, in the
    operator's word; what files say of other agents only counts for the hash.
    """
    read = [read_document(RulesFile, text, file=name) for name, text in documents]
    files = [file for file in read if isinstance(file, Document)]
    problems = [problem for file in read if isinstance(file, tuple) for problem in file]
    problems += _repeated_ids(files)
    problems += _contrary_defaults(files)
    problems += _contrary_hosts(files)
    problems += _contrary_modes(files)
    problems += _contrary_agents(files)
    if problems:
        return tuple(problems)
    mode = _modes_of_agents(files).get(agent or "", next(_given_modes(files), Mode.ENFORCE))
    return Ruleset(
        rules=tuple(_rule(written, mode) for file in files for written in file.content.rules),
        defaults=_defaults(files),
        observed=mode is Mode.OBSERVE,
        policies=_policies(files),
        hash=_joint_hash(_content_hash(files), packs),
        packs=packs,
    )


def compile_pack(text: str) -> Ruleset:
    """Compile the JSON form of a rules file that the product brings. Raises ValueError if it is not one.

    Reading YAML with the place of every part costs a hundred times more, and who made a pack has seen it.
    """
    content = RulesFile.model_validate_json(text)
    return Ruleset(
        rules=tuple(_rule(written, Mode.ENFORCE) for written in content.rules),
        defaults=Defaults(),
        policies={host: given.paths for host, given in content.hosts.items()},
        hash=hashlib.sha256(text.encode()).hexdigest(),
    )


def _joint_hash(own: str, packs: Ruleset | None) -> str:
    return own if packs is None else hashlib.sha256(f"{own} {packs.hash}".encode()).hexdigest()


def _repeated_ids(files: Files) -> Iterator[Problem]:
    first: dict[str, Problem] = {}
    for file in files:
        for n, rule in enumerate(file.content.rules):
            here = file.places.problem(("rules", n, "id"), "")
            earlier = first.setdefault(rule.id, here)
            if earlier is not here:
                message = f"`{rule.id}` is the id of the rule at {earlier.file}:{earlier.line}; write another"
                yield replace(here, message=message)


def _contrary_defaults(files: Files) -> Iterator[Problem]:
    first: dict[str, Tier] = {}
    for file in files:
        for name, tier in _given_defaults(file):
            if first.setdefault(name, tier) != tier:
                message = f"an earlier file says {first[name]:d}; write it in one file only"
                yield file.places.problem(("defaults", name), message)


def _contrary_hosts(files: Files) -> Iterator[Problem]:
    first: dict[str, PathPolicy] = {}
    for file in files:
        for host, given in file.content.hosts.items():
            if first.setdefault(host, given.paths) != given.paths:
                message = f"an earlier file says `{first[host]}`; write it in one file only"
                yield file.places.problem(("hosts", host, "paths"), message)


def _contrary_modes(files: Files) -> Iterator[Problem]:
    first = next(_given_modes(files), None)
    for file in files:
        if file.content.mode not in (None, first):
            message = f"an earlier file says `{first}`; write it in one file only"
            yield file.places.problem(("mode",), message)


def _contrary_agents(files: Files) -> Iterator[Problem]:
    first: dict[str, Mode] = {}
    for file in files:
        for agent, given in file.content.agents.items():
            if first.setdefault(agent, given.mode) != given.mode:
                message = f"an earlier file says `{first[agent]}`; write it in one file only"
                yield file.places.problem(("agents", agent, "mode"), message)


def _modes_of_agents(files: Files) -> dict[str, Mode]:
    return {agent: given.mode for file in files for agent, given in file.content.agents.items()}


def _given_modes(files: Files) -> Iterator[Mode]:
    return (file.content.mode for file in files if file.content.mode is not None)


def _given_defaults(file: Document[RulesFile]) -> Iterator[tuple[str, Tier]]:
    written = file.content.defaults
    for name in language.Defaults.model_fields:
        tier: Tier | None = getattr(written, name)
        if tier is not None:
            yield name, tier


def _defaults(files: Files) -> Defaults:
    return replace(Defaults(), **dict(given for file in files for given in _given_defaults(file)))


def _policies(files: Files) -> dict[str, PathPolicy]:
    return {host: given.paths for file in files for host, given in file.content.hosts.items()}


def _rule(written: language.Rule, mode: Mode) -> Rule:
    return Rule(
        id=written.id,
        endpoint=_endpoint(written.match),
        conditions=_conditions(written.match),
        tier=Tier.HIGH_RISK if written.tier is None else written.tier,
        reason=written.reason,
        forbidden=written.forbidden,
        lower=tuple(
            Alternative(
                conditions=_conditions(lower.when),
                tier=lower.tier,
                reason=lower.reason,
                evidence=lower.evidence or (),
            )
            for lower in written.lower
        ),
        budget=None if written.budget is None else _budget(written.budget),
        account=_account(written),
        handling=_handling(written),
        observed=(written.mode or mode) is Mode.OBSERVE and not written.forbidden,
    )


def _account(written: language.Rule) -> Account:
    return Account(
        category=written.category,
        undo=None if written.reversible is None else Undo(**dict(written.reversible)),
        amount=_steps(written.amount),
        currency=_steps(written.currency),
        counterparty=_steps(written.counterparty),
        summary=written.summary,
        evidence=written.evidence or (),
    )


def _handling(written: language.Rule) -> Handling:
    if all(getattr(written, key) is None for key in language.HOLDING_KEYS):
        return USUAL
    return Handling(
        snapshot=None if written.snapshot is None else _snapshot(written.snapshot),
        verify=None if written.verify is None else _verify(written.verify),
        idempotency=None if written.idempotency is None else Idempotency(**dict(written.idempotency)),
        credential=written.credential,
        handoff=written.handoff or Handoff.SYNC,
        quorum=None if written.quorum is None else Quorum(**dict(written.quorum)),
        window=written.window,
        on_timeout=None if written.on_timeout is None else written.on_timeout.compiled,
    )


def _snapshot(written: holding.Snapshot) -> Snapshot:
    return Snapshot(path=written.path, fields=tuple(tuple(path.split(".")) for path in written.fields))


def _verify(written: holding.Verify) -> Verify:
    did_not = written.not_executed
    return Verify(
        path=written.path,
        executed=_outcome(written.executed),
        not_executed=None if did_not is None else _outcome(did_not),
    )


def _outcome(written: holding.Answer) -> Outcome:
    members = (written.body or {}).items()
    return Outcome(
        statuses=frozenset(written.status),
        conditions=tuple(_condition(Source.BODY, path, required) for path, required in members),
    )


def _steps(path: str | None) -> Steps | None:
    return None if path is None else tuple(path.split("."))


def _budget(written: language.Budget) -> Budget:
    return Budget(
        limit=written.limit,
        window=written.window,
        amount=_steps(written.amount),
        by=tuple(tuple(path.split(".")) for path in written.by),
    )


def _endpoint(match: language.Match) -> HttpEndpoint | ToolEndpoint:
    if set(match.asked()) & set(language.TOOL_KEYS):
        return ToolEndpoint(
            servers=frozenset(match.server or (EVERY,)),
            tools=tuple(read_name(text) for text in match.tool or ()) or (ANYWHERE,),
        )
    methods = frozenset(match.method or ())
    return HttpEndpoint(
        hosts=frozenset(match.host or (EVERY,)),
        # RFC 9110 section 9.3.2: HEAD does what GET does, without the content.
        methods=methods | {"HEAD"} if "GET" in methods else methods,
        paths=tuple(read_path(text) for text in match.path or ()) or (ANYWHERE,),
    )


def _conditions(when: language.When) -> tuple[Test, ...]:
    asking = (Asking(names=tuple(map(read_operation, when.operation))),) if when.operation else ()
    predicates = () if when.cel is None else (read_predicate(when.cel),)
    return (
        asking
        + predicates
        + tuple(_condition(Source(key), path, required) for key, path, required in when.conditions())
    )


def _condition(source: Source, path: str, required: Requirement) -> Condition:
    # A header's name may have dots of its own.
    steps = (path,) if source is Source.HEADERS else tuple(path.split("."))
    return Condition(source=source, steps=steps, checks=tuple(_checks(required)))


def _checks(required: Requirement) -> Iterator[Check]:
    for name, operands in required.given().items():
        several = operands if isinstance(operands, tuple) else (operands,)
        yield Check(operator=Operator(name), operands=several)


def _content_hash(files: Files) -> str:
    defaults = {name: int(tier) for file in files for name, tier in _given_defaults(file)}
    rules = [_content(rule) for file in files for rule in file.content.rules]
    content: dict[str, object] = {
        "version": 1,
        "defaults": defaults,
        "rules": rules,
    }
    if (mode := next(_given_modes(files), Mode.ENFORCE)) is not Mode.ENFORCE:
        content["mode"] = mode
    if agents := _modes_of_agents(files):
        content["agents"] = agents
    if hosts := _policies(files):
        content["hosts"] = {host: str(policy) for host, policy in hosts.items()}
    return hashlib.sha256(canonical(_json(content)).encode("ascii")).hexdigest()


def _content(rule: language.Rule) -> dict[str, object]:
    """The rule without its comments: neither evidence nor examples are of the policy."""
    return rule.model_dump(
        by_alias=True,
        exclude_defaults=True,
        exclude={"evidence": True, "examples": True, "lower": {"__all__": {"evidence"}}},
    )


def _json(value: object) -> Json:
    match value:
        case dict():
            return {str(name): _json(item) for name, item in value.items()}
        case list() | tuple():
            return [_json(item) for item in value]
        case StrEnum():
            return str(value)
        case None | bool() | int() | str() | Decimal():
            return value
        case _:
            raise TypeError(f"a rules file holds no {type(value).__name__}")
