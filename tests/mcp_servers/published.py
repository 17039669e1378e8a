"""Servers as npm and PyPI ship them, and twenty calls for each."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.environments import locked

type Call = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One server; `command` and `calls` are for a folder of its own and the URL of a page."""

    name: str
    command: Callable[[Path], Sequence[str]]
    calls: Callable[[Path, str], Sequence[Call]]


def prepare(folder: Path) -> None:
    """What the servers work on. The folder becomes a repository with one commit."""
    (folder / "notes").mkdir(parents=True)
    for number in range(3):
        (folder / "notes" / f"{number}.txt").write_text(f"line {number}\nsecond line\n")
    author = ["-c", "user.name=a", "-c", "user.email=a@a.test"]
    when = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
    for command in (["init", "-qb", "main"], ["add", "."], [*author, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=folder, env=when | {"PATH": "/usr/bin:/bin"}, check=True)
    (folder / "notes" / "0.txt").write_text("changed\n")


def _npm(name: str, *arguments: str) -> list[str]:
    package = locked.node("servers") / "node_modules" / "@modelcontextprotocol" / f"server-{name}"
    return [*locked.node_program(), str(package / "dist" / "index.js"), *arguments]


def _pypi(name: str, *arguments: str, environment: str = "servers") -> list[str]:
    return [str(locked.python(environment).parent / f"mcp-server-{name}"), *arguments]


def _filesystem(folder: Path, _: str) -> Sequence[Call]:
    notes = folder / "notes"
    reads: list[Call] = [
        ("read_text_file", {"path": str(notes / f"{number}.txt")}) for number in (0, 1, 2, 9)
    ]
    heads: list[Call] = [
        ("read_text_file", {"path": str(notes / "1.txt"), "head": count}) for count in (1, 2)
    ]
    return [
        *reads,
        *heads,
        ("list_allowed_directories", {}),
        ("list_directory", {"path": str(notes)}),
        ("list_directory", {"path": "/etc"}),
        ("list_directory_with_sizes", {"path": str(notes)}),
        ("directory_tree", {"path": str(notes)}),
        ("search_files", {"path": str(folder), "pattern": "**/*.txt", "excludePatterns": [".git"]}),
        ("read_multiple_files", {"paths": [str(notes / "0.txt"), str(notes / "1.txt")]}),
        ("create_directory", {"path": str(folder / "made")}),
        ("write_file", {"path": str(notes / "2.txt"), "content": "over\u00fc"}),
        ("edit_file", {"path": str(notes / "1.txt"), "edits": [{"oldText": "line", "newText": "row"}]}),
        ("move_file", {"source": str(notes / "1.txt"), "destination": str(notes / "8.txt")}),
        ("list_directory", {"path": str(notes)}),
        ("read_text_file", {"path": str(notes / "2.txt")}),
        ("read_text_file", {}),
    ]


def _memory(_: Path, __: str) -> Sequence[Call]:
    ada = {"name": "ada", "entityType": "person", "observations": ["counts"]}
    searches: list[Call] = [
        ("search_nodes", {"query": query}) for query in ("ada", "", "nobody", "\U0001f600")
    ]
    opened: list[Call] = [("open_nodes", {"names": names}) for names in ([], ["ada"], ["ada", "bob"])]
    return [
        ("read_graph", {}),
        ("create_entities", {"entities": [ada, ada | {"name": "bob"}]}),
        ("create_relations", {"relations": [{"from": "ada", "to": "bob", "relationType": "knows"}]}),
        ("add_observations", {"observations": [{"entityName": "ada", "contents": ["writes"]}]}),
        ("add_observations", {"observations": [{"entityName": "nobody", "contents": ["x"]}]}),
        *searches,
        *opened,
        ("read_graph", {}),
        ("delete_observations", {"deletions": [{"entityName": "ada", "observations": ["counts"]}]}),
        ("delete_relations", {"relations": [{"from": "ada", "to": "bob", "relationType": "knows"}]}),
        ("delete_entities", {"entityNames": ["bob"]}),
        ("open_nodes", {"names": ["bob"]}),
        ("search_nodes", {}),
        ("read_graph", {}),
        ("open_nodes", {"names": "ada"}),
    ]


def _everything(_: Path, __: str) -> Sequence[Call]:
    echoes: list[Call] = [("echo", {"message": text}) for text in ("", "a", "\u00fc\n", "x" * 100_000)]
    sums: list[Call] = [("get-sum", {"a": a, "b": b}) for a, b in ((1, 2), (-1.5, 1e3), (2**53 - 1, 0))]
    told: list[Call] = [("get-annotated-message", {"messageType": kind}) for kind in ("error", "debug")]
    weather: list[Call] = [("get-structured-content", {"location": place}) for place in ("New York", "Ulm")]
    return [
        *echoes,
        *sums,
        *told,
        *weather,
        ("get-tiny-image", {}),
        ("get-resource-links", {"count": 2}),
        ("get-resource-links", {"count": 11}),
        ("get-resource-reference", {"resourceType": "Text", "resourceId": -1}),
        ("get-sum", {"a": "one", "b": 2}),
        ("get-annotated-message", {"messageType": "success", "includeImage": True}),
        ("echo", {}),
        ("no-such-tool", {}),
        ("trigger-long-running-operation", {"duration": 1, "steps": 2}),
    ]


def _git(folder: Path, _: str) -> Sequence[Call]:
    repository = {"repo_path": str(folder)}
    shown: list[Call] = [
        ("git_show", repository | {"revision": name}) for name in ("HEAD", "main", "nothing")
    ]
    branches: list[Call] = [("git_branch", repository | {"branch_type": kind}) for kind in ("local", "all")]
    return [
        ("git_status", repository),
        ("git_diff_unstaged", repository),
        ("git_diff_unstaged", repository | {"context_lines": 0}),
        ("git_diff_staged", repository),
        ("git_diff", repository | {"target": "main"}),
        ("git_log", repository),
        ("git_log", repository | {"max_count": 1}),
        *shown,
        *branches,
        ("git_add", repository | {"files": ["notes/0.txt"]}),
        ("git_commit", repository | {"message": "second"}),
        ("git_create_branch", repository | {"branch_name": "other"}),
        ("git_checkout", repository | {"branch_name": "other"}),
        ("git_reset", repository),
        ("git_status", repository),
        ("git_status", {"repo_path": "/nowhere"}),
        ("git_branch", repository | {"branch_type": "remote"}),
    ]


def _fetch(_: Path, page: str) -> Sequence[Call]:
    pieces: list[Call] = [
        ("fetch", {"url": page, "start_index": start, "max_length": length})
        for start in (0, 5, 10, 999)
        for length in (1, 10, 100, 5000)
    ]
    return [*pieces, ("fetch", {"url": page, "raw": True}), *[("fetch", {"url": u}) for u in (page, "x", "")]]


def _sqlite(_: Path, __: str) -> Sequence[Call]:
    reads: list[Call] = [("read_query", {"query": f"SELECT {number} AS n"}) for number in range(8)]
    return [
        ("list_tables", {}),
        ("create_table", {"query": "CREATE TABLE t (a INTEGER)"}),
        ("write_query", {"query": "INSERT INTO t VALUES (1)"}),
        ("describe_table", {"table_name": "t"}),
        *reads,
        ("read_query", {"query": "SELECT * FROM t"}),
        ("read_query", {"query": "DELETE FROM t"}),
        ("write_query", {"query": "DROP TABLE t"}),
        ("write_query", {"query": "SELECT 1"}),
        ("append_insight", {"insight": "none"}),
        ("list_tables", {}),
        ("describe_table", {"table_name": "nothing"}),
        ("read_query", {}),
    ]


def _time(_: Path, __: str) -> Sequence[Call]:
    zones = ("UTC", "Europe/Rome", "Asia/Tokyo")
    converted: list[Call] = [
        ("convert_time", {"source_timezone": source, "target_timezone": target, "time": at})
        for source, target in ((a, b) for a in zones for b in zones if a != b)
        for at in ("12:00", "00:00", "25:00")
    ]
    return [*converted, ("convert_time", {}), ("convert_time", {"time": "12:00"})]


PUBLISHED = (
    Published(name="filesystem", command=lambda folder: _npm("filesystem", str(folder)), calls=_filesystem),
    Published(name="memory", command=lambda _: _npm("memory"), calls=_memory),
    Published(name="everything", command=lambda _: _npm("everything", "stdio"), calls=_everything),
    Published(name="git", command=lambda _: _pypi("git"), calls=_git),
    Published(name="time", command=lambda _: _pypi("time", "--local-timezone=UTC"), calls=_time),
    Published(name="fetch", command=lambda _: _pypi("fetch", "--ignore-robots-txt"), calls=_fetch),
    Published(
        name="sqlite",
        command=lambda folder: _pypi("sqlite", "--db-path", str(folder / "db"), environment="sqlite"),
        calls=_sqlite,
    ),
)
