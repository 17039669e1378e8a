"""Where a path names a thing and where an operation."""

import re
from collections.abc import Sequence

_LEAST_DIGITS = 2
_NOT_OF_WORDS = frozenset(":@%+=~,!' ")
_STORES = (
    "storage.googleapis.com",
    ".blob.core.windows.net",
    ".r2.cloudflarestorage.com",
    ".digitaloceanspaces.com",
    ".backblazeb2.com",
    ".wasabisys.com",
)
_S3 = re.compile(r"(?:^|\.)s3[.-]")
_VERSION = re.compile(r"v[0-9][0-9.a-z]{0,12}")
_ARGUMENTS = re.compile(r"\([^()]*\)\Z")
_EXTENSION = re.compile(r"\.(?:json|xml)\Z")
_ENDINGS = (")", ".json", ".xml")


def stores_files(host: str) -> bool:
    """Whether paths there are names of files that people chose, so that no word in them says anything."""
    return host.endswith(_STORES) or (".amazonaws.com" in host and _S3.search(host) is not None)


def is_id(segment: str) -> bool:
    """Whether a segment looks like the id of a thing and not like a word of the API."""
    if segment.isdigit() or not _NOT_OF_WORDS.isdisjoint(segment):
        return True
    if segment.isalpha() or _VERSION.fullmatch(segment):
        return False
    return sum(map(str.isdigit, segment)) >= _LEAST_DIGITS


def last_names(segments: Sequence[str]) -> tuple[str, str]:
    """The segment before the last and the last without arguments and extension; empty where there is none."""
    kept = [segment for segment in segments[-3:] if segment]
    before, last = (["", "", *kept])[-2:]
    if last.endswith(_ENDINGS):
        last = _EXTENSION.sub("", _ARGUMENTS.sub("", last))
    return before, last
