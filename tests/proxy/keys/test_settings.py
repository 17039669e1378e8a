"""`keys` in the configuration: sources and consoles, and what is wrong with them."""

from pathlib import Path

import pytest

from proxy.config import Config
from proxy.keys.settings import Keys
from proxy.keys.source import InEnvironment, InFiles
from rules.language.document import read

PUBLIC = "ab" * 32

WRONG = {
    "consoles: [abc]": "`abc` is no console's key",
    f"consoles: [{PUBLIC.upper()}]": "is no console's key; write the 64 hexadecimal digits",
    "source: command": "`command` belongs to `source: command`",
    "command: [vault]": "`command` belongs to `source: command`",
    "{source: command, command: [v], timeout: 0}": "timeout",
    "source: hsm": "source",
}


def test_sources(tmp_path: Path) -> None:
    """Each source, with what belongs to it."""
    assert Keys().source_in(tmp_path) == InFiles(folder=tmp_path)
    assert Keys(source="env", env="A").source_in(tmp_path) == InEnvironment("A")
    vaulted = Keys(source="command", command=("vault", "x"), timeout=3).source_in(tmp_path)
    assert isinstance(vaulted, InFiles)
    assert vaulted.vault is not None
    assert (vaulted.vault.command, vaulted.vault.timeout) == (("vault", "x"), 3)


def test_our_own_console_counts() -> None:
    """Those that are named count beside it."""
    assert Keys().known(b"own") == (b"own",)
    assert Keys(consoles=(PUBLIC,)).known(b"own") == (b"own", b"\xab" * 32)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong(text: str) -> None:
    """It is refused with the cure."""
    section = text if text.startswith("{") else f"{{{text}}}"
    problems = read(Config, f"version: 1\nkeys: {section}\n", file="config.yaml")
    assert isinstance(problems, tuple)
    assert WRONG[text] in str(problems[0])
