"""The core decides from its arguments alone, and imports point one way."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_MODULES = sorted((_ROOT / "rules").rglob("*.py"))

_IMPURE_MODULES = frozenset(
    {
        *("asyncio", "http", "io", "logging", "os", "pathlib", "random", "secrets", "selectors"),
        *("shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time"),
        *("urllib.request", "uuid", "warnings"),
    }
)
_IMPURE_CALLS = frozenset({"open", "print", "input", "breakpoint", "eval", "exec", "__import__"})
_CLOCKS = frozenset({"now", "utcnow", "today"})
_CACHES = frozenset({"cache", "lru_cache", "cached_property"})
_MUTATORS = frozenset(
    {
        *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem"),
        *("remove", "setdefault", "update", "sort", "reverse"),
    }
)
_MUTABLE = (ast.List, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.Dict)
_MAKERS = frozenset({"list", "set", "dict", "bytearray", "defaultdict", "Counter", "deque", "count"})


def _findings(source: str) -> Iterator[str]:
    """What in `source` reaches beyond its arguments, or remembers anything that could change an answer."""
    tree = ast.parse(source)
    tables = _tables(tree)
    yield from _module_state(tree)
    bounded = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and _bounds(node)]
    for node in ast.walk(tree):
        for name in _imported(node):
            if any(name == m or name.startswith(f"{m}.") for m in _IMPURE_MODULES):
                yield f"imports {name}"
        if isinstance(node, ast.Global):
            yield f"rebinds {', '.join(node.names)}"
        if isinstance(node, ast.Name) and node.id in _IMPURE_CALLS:
            yield f"calls {node.id}"
        if isinstance(node, ast.Attribute) and node.attr in _CLOCKS:
            yield f"reads a clock: {ast.unparse(node)}"
        if isinstance(node, (ast.Name, ast.Attribute)) and _last(node) in _CACHES and node not in bounded:
            yield f"keeps a cache without a bound: {ast.unparse(node)}"
        yield from (f"changes the table {name}" for name in _changed(node) if name in tables)


def _bounds(call: ast.Call) -> bool:
    """Whether it makes a cache with a bound: what a pure function keeps changes no answer, only its cost."""
    match call.keywords:
        case [ast.keyword(arg="maxsize", value=ast.Constant(value=int()))]:
            return True
        case _:
            return False


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names):
            return [module, *(f"{module}.{alias.name}" for alias in names)]
        case _:
            return []


def _assigned(node: ast.AST) -> tuple[str, ast.expr] | None:
    """The name and the value of a plain assignment."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, value
        case _:
            return None


def _is_mutable(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return _last(value.func) in _MAKERS
    return isinstance(value, _MUTABLE)


def _tables(tree: ast.Module) -> set[str]:
    """The module's names for mutable things."""
    pairs = filter(None, map(_assigned, tree.body))
    return {name for name, value in pairs if _is_mutable(value)}


def _module_state(tree: ast.Module) -> Iterator[str]:
    """A mutable thing is a constant table only under a constant's name, and only as a mapping."""
    for name, value in filter(None, map(_assigned, tree.body)):
        is_mapping = isinstance(value, (ast.Dict, ast.DictComp))
        if _is_mutable(value) and not (is_mapping and name == name.upper()):
            yield f"holds module state in {name}"


def _changed(node: ast.AST) -> Iterator[str]:
    """The names whose contents `node` changes."""
    targets: list[ast.expr] = []
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            pass
        case ast.AugAssign(target=changed) | ast.AnnAssign(target=changed):
            targets = [changed]
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _MUTATORS:
            yield from _roots(value)
    for target in targets:
        if isinstance(node, ast.AugAssign) or not isinstance(target, ast.Name):
            yield from _roots(target)


def _roots(node: ast.expr) -> Iterator[str]:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _last(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case _:
            return ""


@pytest.mark.parametrize("module", _MODULES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_the_core_is_pure(module: Path) -> None:
    """No clock, no I/O, no randomness, no logging and no memory between two calls."""
    assert list(_findings(module.read_text())) == []


_PLANTED = {
    "a clock": "from datetime import datetime\ndef f(): return datetime.now()",
    "a clock in utc": "import datetime as d\ndef f(): return d.datetime.utcnow()",
    "a calendar": "from datetime import date\nf = date.today",
    "a timer": "import time",
    "a timer, renamed": "from time import monotonic as tick",
    "randomness": "import random",
    "ids": "from uuid import uuid4",
    "secrets": "from secrets import token_hex",
    "a file": "def f(): return open('x').read()",
    "a path": "from pathlib import Path",
    "the environment": "import os.path",
    "a terminal": "def f(): print('x')",
    "a question": "def f(): return input()",
    "a log": "import logging",
    "the network": "import urllib.request",
    "the network, in a function": "def f():\n    from urllib import request",
    "code": "def f(x): return eval(x)",
    "a cache": "from functools import cache\n@cache\ndef f(): ...",
    "a cache with the usual bound": "from functools import lru_cache\n@lru_cache\ndef f(): ...",
    "a cache whose bound is none": "import functools\n@functools.lru_cache(maxsize=None)\ndef f(): ...",
    "a list": "seen = []",
    "a constant's list": "SEEN: list[int] = []",
    "a set": "_SEEN = set()",
    "a counter": "from collections import Counter\n_SEEN = Counter()",
    "an iterator": "from itertools import count\n_IDS = count()",
    "a mapping by a variable's name": "_seen = {}",
    "a table that changes": "T = {}\ndef f(x): T[x] = 1",
    "a table that changes deep inside": "T = {1: {}}\ndef f(x): T[1][x] = 1",
    "a table that grows": "T = {}\ndef f(x): T.setdefault(x, []).append(1)",
    "a table that shrinks": "T = {1: 2}\ndef f(x): del T[x]",
    "a table that is merged into": "T = {}\ndef f(x):\n    global T\n    T |= x",
    "a rebound name": "N = 0\ndef f():\n    global N\n    N = 1",
}


@pytest.mark.parametrize("source", _PLANTED.values(), ids=_PLANTED)
def test_a_planted_impurity_is_found(source: str) -> None:
    """The check above goes red for each kind of impurity."""
    assert list(_findings(source)) != []


_INNOCENT = {
    "a bounded cache": "import functools\n@functools.lru_cache(maxsize=9)\ndef f(): ...",
    "a table": "T = {'a': 1}\ndef f(x): return T[x]",
    "a frozen set": "T = frozenset({1})",
    "a local list": "def f(x):\n    seen = []\n    seen.append(x)\n    return seen",
    "a moment given": "from datetime import datetime, timedelta\ndef f(now): return now + timedelta(1)",
    "an url's parts": "from urllib.parse import unquote",
}


@pytest.mark.parametrize("source", _INNOCENT.values(), ids=_INNOCENT)
def test_an_innocent_module_is_not_accused(source: str) -> None:
    """Constants and local work are what a pure core consists of."""
    assert list(_findings(source)) == []


def _lint_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of `tree` against its own packages."""
    command = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [command, "--no-cache", "--config", tree / "pyproject.toml"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def _copy(target: Path) -> Path:
    """The packages and their contracts, to be spoiled."""
    for package in ("rules", "addons", "proxy"):
        shutil.copytree(_ROOT / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_ROOT / "pyproject.toml", target)
    return target


def test_the_import_contracts_hold() -> None:
    """proxy -> addons -> rules, and the core imports nothing that acts."""
    result = _lint_imports(_ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


_VIOLATIONS = {
    "the core reaches up": (
        "rules/planted.py",
        "import proxy",
        "imports point one way: proxy -> addons -> rules",
    ),
    "an addon reaches up": (
        "addons/planted.py",
        "import proxy",
        "imports point one way: proxy -> addons -> rules",
    ),
    "the core reads a clock": (
        "rules/planted.py",
        "import time",
        "rules/ does no I/O and reads no clock",
    ),
    "the core opens a socket": (
        "rules/planted.py",
        "def f():\n    import socket",
        "rules/ does no I/O and reads no clock",
    ),
    "the core knows the proxy it runs in": (
        "rules/planted.py",
        "from mitmproxy import http",
        "rules/ does no I/O and reads no clock",
    ),
    "an addon knows the store": (
        "addons/planted.py",
        "import redis",
        "addons/ knows mitmproxy and rules only",
    ),
}


@pytest.mark.parametrize(("name", "source", "contract"), _VIOLATIONS.values(), ids=_VIOLATIONS)
def test_a_planted_violation_breaks_its_contract(
    tmp_path: Path, name: str, source: str, contract: str
) -> None:
    """Each contract fails by name on an import that it forbids."""
    tree = _copy(tmp_path)
    (tree / name).write_text(f"{source}\n")
    result = _lint_imports(tree)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout
    assert name.removesuffix(".py").replace("/", ".") in result.stdout
