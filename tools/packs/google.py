"""Write the pack of Google: python -m tools.packs.google CLIENT (the unpacked wheel).

Each discovery document lists the scopes that let a client call a method. A method that a read-only scope
is enough for does not write, by the vendor's own word.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rules.general.effect import Effect
from rules.general.names.naming import effect_of
from tools.packs.table import Entry, exceptions, grouped, write_pack

SOURCE = "google-api-python-client 2.202.0 (discovery documents)"
_REASONS = {
    1: "google says that this method only answers",
    3: "the method may change something",
    4: "the method may change something that cannot be taken back",
}
_EVIDENCE = (
    "the discovery document lists a read-only scope as enough for the method, or its sentence says "
    "that the method returns something; its verb does not say otherwise"
)
_READ_ONLY = re.compile(r".*(\.readonly|\.read-only|\.read|-readonly|\.metadata)$")
_NAME = re.compile(r"\{\+?([A-Za-z0-9_]+)\}")
# A read-only scope is strong evidence and no proof (some methods that make or end something accept one), and
# so is a sentence: they are enough for verbs that ask, or that make nothing but the answer.
_ANSWERS = re.compile(
    r"(batch)?(run\w*Reports?|generate\w*|convert\w*|\w*[pP]redict\w*|embed\w*|rollUp|dailyRollUp|hash\w*|"
    r"(chat)?[cC]ompletions|embeddings|inference|wait|tail|poll\w*|resolve|report\w*Usage|testIamPermissions)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(Gets?|Lists?|Returns?|Retrieves?|Search(es)?|Checks?|Quer(y|ies)|Computes?|Evaluates?|Validates?|"
    r"Fetch(es)?|Looks? up|Calculates?|Estimates?|Waits?|Given )\b"
)
# What these do depends on the payload, or their answer is a right, or "returns" means goods.
_NOT_BY_WORDS = re.compile(
    r"query|stream|invoke|sync|watch|batch|test|tools|return.*|verify.*|.*(token|url|secret|credential|key)s?.*",
    re.IGNORECASE,
)


def main(client: Path) -> None:
    """Read the discovery documents, write rules/packs/google.yaml."""
    entries: dict[tuple[str, str, str], Entry] = {}
    for path in sorted((client / "googleapiclient/discovery_cache/documents").glob("*.json")):
        document = json.loads(path.read_text("utf-8"))
        for method in _methods(document):
            entry = _entry(document, method)
            if entry is not None:
                key = (entry.method, entry.hosts[0], entry.path)
                entries[key] = max(entry, entries.get(key, entry), key=lambda e: e.tier or 5)
    write_pack("google", SOURCE, grouped("google", exceptions(entries.values()), _REASONS))


def _methods(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from part.get("methods", {}).values()
    for resource in part.get("resources", {}).values():
        yield from _methods(resource)


def _entry(document: dict[str, Any], method: dict[str, Any]) -> Entry | None:
    host = urlsplit(document["rootUrl"]).hostname
    text = "/" + document["servicePath"].strip("/") + "/" + method.get("flatPath", method["path"]).lstrip("/")
    path = _NAME.sub(lambda found: "{" + found[1] + "}", text.replace("//", "/"))
    if host is None or any(step.count("{") > 1 or not step for step in path.split("/")[1:]):
        return None
    return Entry(
        method=method["httpMethod"], hosts=(host,), path=path, tier=_tier(method), evidence=_EVIDENCE
    )


def _tier(method: dict[str, Any]) -> int | None:
    name = method["id"].rpartition(".")[2]
    if method["httpMethod"] != "POST" or _NOT_BY_WORDS.fullmatch(name):
        return None
    says, effect = bool(_SENTENCE.match(method.get("description", ""))), effect_of(name)
    if says and effect in (None, Effect.READ):
        return 1
    scoped = any(_READ_ONLY.fullmatch(scope) for scope in method.get("scopes", ()))
    makes = _ANSWERS.fullmatch(name) and effect not in (Effect.DELETION, Effect.PRIVILEGE)
    return 1 if (makes and (scoped or says)) or (scoped and effect is Effect.READ) else None


if __name__ == "__main__":
    main(Path(sys.argv[1]))
