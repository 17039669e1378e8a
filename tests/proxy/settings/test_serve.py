"""`serve` in the configuration: its defaults, and hostile values for each key."""

import pytest
from pydantic import ValidationError

from proxy.settings.serve import ServeEntry, address

ADDRESSES = {
    "127.0.0.1:8080": ("127.0.0.1", 8080),
    "localhost:0": ("localhost", 0),
    "[::1]:8080": ("::1", 8080),
    "0.0.0.0:65535": ("0.0.0.0", 65535),  # noqa: S104 (read, not bound)
    "Proxy.Internal:80": ("proxy.internal", 80),
}
NOT_ADDRESSES = ["", "127.0.0.1", ":8080", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:65536"]
NOT_ADDRESSES += ["http://127.0.0.1:80", "127.0.0.1:80/", "127.0.0.1:80?x", "127.0.0.1:80#x", "u@h:80"]
NOT_ADDRESSES += ["[::1", "[::1]", "127.0.0.1:80:81"]


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses(text: str) -> None:
    """HOST:PORT, an IPv6 host in brackets, port 0 for any free one."""
    assert address(text) == ADDRESSES[text]
    assert ServeEntry(listen=text, console=text).listen == text


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_what_is_not_an_address(text: str) -> None:
    """It is named, and the form that is wanted."""
    with pytest.raises(ValueError, match="is not HOST:PORT") as raised:
        address(text)
    assert f"`{text}`" in str(raised.value)
    with pytest.raises(ValidationError):
        ServeEntry(listen=text)


WRONG: dict[str, dict[str, object]] = {
    "a port alone": {"listen": 8080},
    "a null character": {"witness": "a\0b"},
    "a null character in a list": {"rules": ("a.yaml", "b\0.yaml")},
    "an empty path": {"upstream_ca": ""},
    "a path over all bounds": {"witness": "x" * 4097},
    "one file that is no list": {"rules": "rules.yaml"},
    "packs in words": {"packs": "no"},
    "an unknown key": {"lisen": "127.0.0.1:80"},
}


@pytest.mark.parametrize("case", WRONG)
def test_hostile_values(case: str) -> None:
    """None of them is taken for something else."""
    with pytest.raises(ValidationError):
        ServeEntry.model_validate(WRONG[case])


def test_the_rules_files_are_paths() -> None:
    """In their order."""
    assert [str(path) for path in ServeEntry(rules=("b.yaml", "a.yaml")).rules_files] == ["b.yaml", "a.yaml"]
