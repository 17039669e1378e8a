"""Tests mirror the source: whoever changes a module knows where its tests are."""

import ast
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_PACKAGES = ("rules", "addons", "proxy")

_WITHOUT_TESTS = {
    "rules/call.py": "only shapes of data, which test_normalize compares whole",
    "proxy/replay/courier.py": "only a protocol, which the sessions of proxy/mcp fulfil",
    "proxy/tracing/traces.py": "only a protocol, which proxy/tracing/spans fulfils",
    "rules/message.py": "only a shape of data, which every test of normalize builds",
}


def _sources(root: Path) -> list[Path]:
    """Every module that has code, relative to `root`."""
    paths = (path for package in _PACKAGES for path in sorted((root / package).rglob("*.py")))
    return [path.relative_to(root) for path in paths if _has_code(path.read_text())]


def _has_code(source: str) -> bool:
    """Whether a module is more than its docstring, imports and constants."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) for node in ast.parse(source).body)


def _homes(source: Path) -> tuple[Path, ...]:
    """Where the tests of `source` may stand: a package's own code is tested in it or beside it."""
    if source.name != "__init__.py":
        return (Path("tests") / source.parent / f"test_{source.stem}.py",)
    name = f"test_{source.parent.name}.py"
    return (Path("tests") / source.parent / name, Path("tests") / source.parent.parent / name)


@pytest.mark.parametrize("source", _sources(_ROOT), ids=str)
def test_every_module_has_its_test_file(source: Path) -> None:
    """`rules/hold.py` is tested in `tests/rules/test_hold.py`, or a reason is listed why not."""
    homes = _homes(source)
    if source.as_posix() not in _WITHOUT_TESTS:
        assert any((_ROOT / home).is_file() for home in homes), f"{homes[0]} is missing"


@pytest.mark.parametrize("source", _WITHOUT_TESTS)
def test_the_list_of_exceptions_is_not_stale(source: str) -> None:
    """An exception is for a module that exists and really has no tests."""
    assert (_ROOT / source).is_file()
    assert not any((_ROOT / home).exists() for home in _homes(Path(source)))


def test_a_module_without_tests_is_found(tmp_path: Path) -> None:
    """Nested modules and code in a package's own file count; empty packages do not."""
    for name, text in {
        "rules/__init__.py": '"""Only a docstring."""\n',
        "rules/new.py": "def f() -> None: ...\n",
        "proxy/console/__init__.py": "class A: ...\n",
        "proxy/console/pages.py": "async def f() -> None: ...\n",
        "addons/words.py": "A = 1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert {str(_homes(source)[0]) for source in _sources(tmp_path)} == {
        "tests/rules/test_new.py",
        "tests/proxy/console/test_console.py",
        "tests/proxy/console/test_pages.py",
    }
