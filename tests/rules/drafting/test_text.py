"""Texts of others in a rules file."""

from rules.drafting.text import MAX_ID, flow, free_id, plain, quoted
from rules.language.yaml_tree import read_tree


def test_one_line() -> None:
    """Without what cannot be printed, and cut."""
    assert plain(" a\n b\x00\u2028\ud800c ") == "a b c"
    assert plain("a" * 500) == "a" * 197 + "..."
    assert len(plain("a" * 10**6, most=10)) == 10


def test_values_are_yaml() -> None:
    """Whatever they look like."""
    for text in ("true", "0", "a: b", '"', "\\", "#", "{x}", "ü", "`"):
        assert read_tree(flow({"a": text, "b": [text]})).value == {"a": text, "b": [text]}
        assert read_tree(quoted(text)).value == text


def test_ids_are_free() -> None:
    """Each once, of bounded length."""
    taken: set[str] = set()
    assert [free_id(["a", "b"], taken) for _ in range(3)] == ["a-b", "a-b-2", "a-b-3"]
    assert len(free_id(["x" * 500], taken)) == MAX_ID
    assert taken >= {"a-b", "a-b-2", "a-b-3"}
