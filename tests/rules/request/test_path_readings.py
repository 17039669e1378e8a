"""Paths that servers read differently: refused, or every reading listed and none that escapes."""

import itertools
import posixpath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.request.path_readings import MAX_READINGS, PathPolicy, always_strict, read_paths
from rules.request.target import read_segments
from rules.verdict import ReasonId, Refusal
from tests.rules.messages import TARGETS, assert_well_worded

STRICT, NORMALIZE = PathPolicy.STRICT, PathPolicy.NORMALIZE

READINGS: dict[str, set[str]] = {
    "/v1/x": {"v1|x"},
    "/tags/arn%3Aaws%3Ax%2Fy": {"tags|arn:aws:x/y", "tags|arn:aws:x|y"},
    "/a%2fb?c=%2F": {"a/b", "a|b"},
    "/a//b": {"a||b", "a|b"},
    "//a": {"|a", "a"},
    "/a//": {"a||", "a|"},
    "/a/./b": {"a|.|b", "a|b"},
    "/a/b/../c": {"a|b|..|c", "a|c"},
    "/a/b/..": {"a|b|..", "a|"},
    "/a;v=1/b": {"a;v=1|b", "a|b"},
    "/a/b//../c": {"a|b||..|c", "a|b|c", "a|b|..|c", "a|c"},
    "/a/b/..;x/c": {"a|b|..;x|c", "a|b|..|c", "a|c"},
    "/a/b%2F..%2Fc": {"a|b/../c", "a|b|..|c", "a|c"},
    "/v1/https://x.test/y": {"v1|https:||x.test|y", "v1|https:|x.test|y"},
}

REFUSED: dict[str, str] = {
    "it climbs above the root": "/..",
    "it climbs by an escaped slash": "/a/..%2F..%2Fb",
    "it climbs where slashes are merged": "/a//../..",
    "it climbs without a parameter": "/..;/b",
    "it climbs by a parameter inside": "/a/..;x/..;y/b",
    "an escaped dot segment": "/a/%2e%2e/b",
    "half an escaped dot segment": "/a/b/.%2E/c",
    "an escaped parameter": "/;/%3B",
    "a second encoding": "/a%252Fb",
    "a second encoding behind a slash": "/a%2F%252e",
    "a back slash": "/a%5Cb",
    "a control": "/a%2Fb%00",
    "white space at an inner end": "/a%20%2Fb",
    "white space before a parameter": "/a%20;b",
    "a wide slash": "/a//b%EF%BC%8Fc",
    "dots of another kind": "/a//%E2%80%A4%E2%80%A4/b",
    "no utf-8": "/a//%FF",
    "too many readings": "/k/l/m/n/c%2Fd/c%2Fd///%2F../../b;x/c%2Fd/a/%2F..",
    "no target": "a//b",
    "a raw control": "/a//\x01",
}


def shown(readings: tuple[tuple[str, ...], ...]) -> set[str]:
    """The readings as text."""
    return {"|".join(reading) for reading in readings}


@pytest.mark.parametrize("target", READINGS)
def test_all_readings(target: str) -> None:
    """Every step that a server may take, taken and not taken, the plainest reading first."""
    readings = read_paths(target, NORMALIZE)
    assert not isinstance(readings, Refusal)
    assert shown(readings) == READINGS[target]
    assert readings[0] == tuple(unquote(s) for s in target.partition("?")[0][1:].split("/"))


@pytest.mark.parametrize("target", READINGS)
def test_strict_is_as_before(target: str) -> None:
    """Without the operator's word, what has a second reading is refused."""
    strict = read_segments(target)
    expected = strict if isinstance(strict, Refusal) else (strict,)
    assert read_paths(target, always_strict("any.test")) == expected
    assert isinstance(expected, Refusal) is (len(READINGS[target]) > 1)


@pytest.mark.parametrize("name", REFUSED)
def test_what_stays_refused(name: str) -> None:
    """No policy opens the root, or what nobody can list."""
    refusal = read_paths(REFUSED[name], NORMALIZE)
    assert isinstance(refusal, Refusal)
    assert refusal.reason_id in (ReasonId.TARGET_AMBIGUOUS, ReasonId.TARGET_MALFORMED)
    assert_well_worded(refusal.reason)
    assert (f"over {MAX_READINGS}" in refusal.reason) is (name == "too many readings")


def _servers(target: str) -> list[str]:
    """What servers make of a path: decode before or after splitting, cut parameters, merge, resolve."""
    seen = []
    for steps in itertools.permutations(("decode", "cut", "merge", "resolve")):
        for kept in range(len(steps) + 1):
            path = target.partition("?")[0]
            for step in steps[:kept]:
                if step == "decode":
                    path = unquote(path)
                elif step == "cut":
                    path = "/".join(part.partition(";")[0] for part in path.split("/"))
                elif step == "merge":
                    path = "/" + path.lstrip("/")
                    while "//" in path:
                        path = path.replace("//", "/")
                else:
                    path = _resolve(path)
            seen.append(path)
    return seen


def _resolve(path: str) -> str:
    """As a router does, an inner empty segment counting as one."""
    kept: list[str] = []
    for part in path[1:].split("/"):
        if part == "..":
            kept = kept[:-1]
        elif part != ".":
            kept.append(part)
    return "/" + "/".join(kept)


@given(TARGETS)
def test_no_server_reads_another_path(target: str) -> None:
    """Whatever order a server takes its steps in, its path is among the readings."""
    readings = read_paths(target, NORMALIZE)
    if isinstance(readings, Refusal):
        return
    known = {"/" + "/".join(reading).rstrip("/") for reading in readings}
    for path in _servers(target):
        assert "/" + unquote(path)[1:].rstrip("/") in known


@given(TARGETS | st.text(max_size=40))
def test_readings_are_few_and_never_escape(target: str) -> None:
    """The number is bounded, each stays below the root, and strict readings stay as they are."""
    readings = read_paths(target, NORMALIZE)
    strict = read_segments(target)
    if not isinstance(strict, Refusal):
        assert readings == (strict,)
    if isinstance(readings, Refusal):
        return
    assert 0 < len(set(readings)) == len(readings) <= MAX_READINGS
    for reading in readings:
        assert reading
        depth = 0
        for segment in reading:
            depth += {"..": -1, ".": 0}.get(segment, 1)
            assert depth >= 0
        assert not posixpath.normpath("x/" + "/".join(reading)).startswith("..")
