"""The command of a vault: it wraps, it unwraps, and however it fails, it says how within its time."""

import sys
from pathlib import Path
from time import monotonic

import pytest
from cryptography.fernet import Fernet

from proxy.keys.command import Vault, VaultFault
from tests.proxy.keys import vault as program

KEY = bytes(range(32))

WORDS = {
    "exit": "ended with exit code 1",
    "garbage": "did not answer one json object",
    "hang": "did not end within 2 s",
    "flood": "did not answer one json object of at most 65536 bytes",
    "other": "with `ciphertext`",
    "text": "answers a `ciphertext` that is no text",
    "list": "did not answer one json object",
    "liar": "unwraps something else",
    "nothing": "did not answer one json object",
}


def vault(tmp_path: Path, *faults: str, timeout: float = 60.0) -> Vault:
    """A vault with a key of its own."""
    file = tmp_path / "vault.key"
    if not file.exists():
        file.write_bytes(Fernet.generate_key())
    return Vault(command=(sys.executable, str(Path(program.__file__)), str(file), *faults), timeout=timeout)


def test_what_was_wrapped_is_unwrapped(tmp_path: Path) -> None:
    """And does not show."""
    wrapped = vault(tmp_path).wrap(KEY)
    assert wrapped.startswith(b"vault:v1:")
    assert KEY not in wrapped
    assert vault(tmp_path).unwrap(wrapped, named=tmp_path / "seal.wrapped") == KEY


@pytest.mark.parametrize("fault", program.FAULTS)
def test_a_command_that_fails(tmp_path: Path, fault: str) -> None:
    """Clear words, in time, with the cure, and without the key."""
    began = monotonic()
    timeout = 2.0 if fault == "hang" else 60.0
    with pytest.raises(VaultFault, match=r"correct `keys\.command`; nothing that is held is lost") as caught:
        vault(tmp_path, fault, timeout=timeout).wrap(KEY)
    assert WORDS[fault] in str(caught.value)
    assert monotonic() - began < 55


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    """The system's words and the cure."""
    with pytest.raises(VaultFault, match=r"no-such` cannot be started \(No such file"):
        Vault(command=(str(tmp_path / "no-such"),), timeout=5).wrap(KEY)


def test_what_another_vault_wrapped(tmp_path: Path) -> None:
    """The file is named."""
    wrapped = vault(tmp_path).wrap(KEY)
    (tmp_path / "vault.key").write_bytes(Fernet.generate_key())
    with pytest.raises(VaultFault, match=r"`seal\.wrapped` cannot be unwrapped: the key command"):
        vault(tmp_path).unwrap(wrapped, named=Path("seal.wrapped"))
