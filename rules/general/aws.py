"""AWS: the operation stands in a header, a parameter or the path, by the protocol of the service."""

from collections.abc import Iterator

from rules.call import HttpCall, PayloadKind
from rules.general.effect import Effect, Evidence
from rules.general.naming import effect_of
from rules.general.sql import read_sql
from rules.headers import first
from rules.request.strict_json import Json

_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_STATEMENTS = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})
_MAX_STATEMENTS = 100
# Reading verbs that AWS uses for reads only, besides those of every vendor.
_READS = ("Synthesize", "Snap", "Recognize", "Verify")
_TRUE = frozenset({"true", "True", "TRUE"})
_DRY_RUN = Evidence(effect=Effect.READ, because="a dry run checks the call and does nothing")


def is_aws(host: str) -> bool:
    """Whether AWS answers there."""
    return host.endswith(_HOSTS)


def operations(call: HttpCall) -> Iterator[Evidence]:
    """What each place says where `call` can name an AWS operation; nothing for other hosts."""
    if not is_aws(call.host):
        return
    dry = _is_dry_run(call)
    for name, place in _names(call):
        yield _DRY_RUN if dry else _evidence(call, name, place)


def tags(call: HttpCall) -> bool:
    """Whether `call` goes to where the REST services of AWS keep a resource's tags."""
    path = [segment for segment in call.segments if segment]
    return is_aws(call.host) and any(segment in ("tags", "tag") for segment in path[-2:])


def _names(call: HttpCall) -> Iterator[tuple[str, str]]:
    target = first(call.fields, b"x-amz-target")
    if target is not None and call.method == "POST":
        yield target.decode("latin-1").rpartition(".")[2], "x-amz-target"
    for name, value in call.query:
        if name == "Action":
            yield value, "action"
    for value in _texts(_members(call).get("Action")) if call.payload.kind is PayloadKind.FORM else ():
        yield value, "action"
    if call.segments[0] == "service" and call.segments[2:3] == ("operation",):
        yield call.segments[-1], "path"


def _evidence(call: HttpCall, name: str, place: str) -> Evidence:
    if name in _STATEMENTS:
        statements = list(_statements(_members(call)))
        if statements:
            return max((read_sql(text) for text in statements), key=lambda found: found.effect.gravity)
    effect = Effect.READ if name.startswith(_READS) else effect_of(name)
    shown = name if name.isalnum() and name.isascii() and len(name) <= 80 else "its aws operation"
    if effect is None:
        return Evidence(effect=Effect.CHANGE, because=f"the aws operation `{shown}` may change something")
    return Evidence(effect=effect, because=f"by its name `{shown}` {effect.says} ({place})")


def _is_dry_run(call: HttpCall) -> bool:
    """EC2 checks a call with `DryRun=true` and does nothing (API reference, common parameters)."""
    if call.host.split(".")[0] != "ec2":
        return False
    said = [value for name, value in call.query if name == "DryRun"]
    said += _texts(_members(call).get("DryRun")) if call.payload.kind is PayloadKind.FORM else []
    return bool(said) and _TRUE.issuperset(said)


def _members(call: HttpCall) -> dict[str, Json]:
    return call.payload.value if isinstance(call.payload.value, dict) else {}


def _texts(value: Json) -> list[str]:
    several = value if isinstance(value, list) else [value]
    return [text for text in several if isinstance(text, str)]


def _statements(members: dict[str, Json]) -> Iterator[str]:
    yield from _texts(members.get("Statement"))
    for name in ("Statements", "TransactStatements"):
        listed = members.get(name)
        for entry in (listed if isinstance(listed, list) else [])[:_MAX_STATEMENTS]:
            yield from _texts(entry.get("Statement") if isinstance(entry, dict) else None)
