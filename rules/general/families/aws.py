"""AWS: the operation stands in a header, a parameter or the path, by the protocol of the service."""

from collections.abc import Iterator

from rules.call import HttpCall, PayloadKind
from rules.general.effect import Effect, Evidence, gravest
from rules.general.families.sql import read_sql
from rules.general.names.naming import effect_of
from rules.general.names.words import words_of
from rules.headers import first
from rules.request.strict_json import Json

_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
# Below these, customers' own programs answer, or names in paths are whatever their owner chose.
_CUSTOMERS = words_of("execute-api elb es aoss compute compute-1 appsync-api iot s3 s3-control")
# The services of the query protocol: they look at `Action` only, in the query and in the form.
_QUERY = words_of(
    """
    ec2 iam sts sns rds elasticloadbalancing autoscaling cloudformation redshift elasticache email sdb
    elasticbeanstalk cloudsearch importexport
    """
)
_STATEMENTS = frozenset({"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"})
MAX_STATEMENTS = 100
# Reading verbs that AWS uses for reads only, besides those of every vendor.
_READS = ("Synthesize", "Snap", "Recognize", "Verify")
_TRUE = frozenset({"true", "True", "TRUE"})
_UNNAMED = Evidence(effect=Effect.UNKNOWN, because="it names no aws operation that can be read")
_DRY_RUN = Evidence(effect=Effect.READ, because="a dry run checks the call and does nothing")


def operations(call: HttpCall) -> Iterator[Evidence]:
    """What each place says where `call` can name an AWS operation; nothing for other hosts."""
    services = _services(call.host)
    if not services:
        return
    dry, named = "ec2" in services and _is_dry_run(call), list(_names(call, services))
    for name, place in named:
        yield _DRY_RUN if dry else _evidence(call, name, place)
    if _may_name_more(call, services) or (not named and call.method == "POST" and _at_root(call)):
        yield _UNNAMED


def tags(call: HttpCall) -> bool:
    """Whether `call` goes to where the REST services of AWS keep a resource's tags."""
    path = [segment for segment in call.segments if segment]
    return bool(_services(call.host)) and any(segment in ("tags", "tag") for segment in path[-2:])


def _services(host: str) -> frozenset[str]:
    """The labels of an AWS service's host; none where it is no service of AWS itself."""
    if not host.endswith(_HOSTS):
        return frozenset()
    labels = frozenset(label.removesuffix("-fips") for label in host.split("."))
    theirs = not _CUSTOMERS.isdisjoint(labels) or any(label.startswith("s3-") for label in labels)
    return frozenset() if theirs else labels


def _names(call: HttpCall, services: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every name of an operation, with where it stands."""
    if call.segments[0] == "service" and call.segments[2:3] == ("operation",):
        yield call.segments[-1], "path"
    if not _at_root(call):
        return
    target = first(call.fields, b"x-amz-target")
    if target is not None and call.method == "POST" and services.isdisjoint(_QUERY):
        yield target.decode("latin-1").rpartition(".")[2], "x-amz-target"
    for name, value in call.query:
        if name == "Action":
            yield value, "action"
    for value in _texts(_members(call).get("Action")) if call.payload.kind is PayloadKind.FORM else ():
        yield value, "action"


def _at_root(call: HttpCall) -> bool:
    return call.segments == ("",)


def _may_name_more(call: HttpCall, services: frozenset[str]) -> bool:
    """Whether a service of the query protocol could find an action where it is not read: body or header."""
    unread = bool(call.body) and call.payload.kind is not PayloadKind.FORM
    elsewhere = unread or first(call.fields, b"x-amz-target") is not None
    return elsewhere and _at_root(call) and not services.isdisjoint(_QUERY)


def _evidence(call: HttpCall, name: str, place: str) -> Evidence:
    if name in _STATEMENTS and call.payload.kind is PayloadKind.JSON:
        return gravest(_of_statements(_members(call)))
    effect = Effect.READ if name.startswith(_READS) else effect_of(name)
    shown = name if name.isalnum() and name.isascii() and len(name) <= 80 else "its aws operation"
    if effect is None:
        return Evidence(effect=Effect.CHANGE, because=f"the aws operation `{shown}` may change something")
    return Evidence(effect=effect, because=f"by its name `{shown}` {effect.says} ({place})")


def _is_dry_run(call: HttpCall) -> bool:
    """EC2 checks a call with `DryRun=true` and does nothing (API reference, common parameters)."""
    said = [value for name, value in call.query if name == "DryRun"]
    said += _texts(_members(call).get("DryRun")) if call.payload.kind is PayloadKind.FORM else []
    return bool(said) and _TRUE.issuperset(said)


def _members(call: HttpCall) -> dict[str, Json]:
    return call.payload.value if isinstance(call.payload.value, dict) else {}


def _texts(value: Json) -> list[str]:
    several = value if isinstance(value, list) else [value]
    return [text for text in several if isinstance(text, str)]


def _of_statements(members: dict[str, Json]) -> Iterator[Evidence]:
    """What each statement does; an entry that holds none may hide anything."""
    entries: list[Json] = [members]
    for name in ("Statements", "TransactStatements"):
        listed = members.get(name, [])
        entries += listed if isinstance(listed, list) else [listed]
    if len(entries) > MAX_STATEMENTS:
        yield _UNNAMED
        return
    for entry in entries[1:] if len(entries) > 1 and "Statement" not in members else entries:
        text = entry.get("Statement") if isinstance(entry, dict) else None
        yield read_sql(text) if isinstance(text, str) else _UNNAMED
