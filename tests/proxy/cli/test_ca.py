"""`sidegate ca`: a rotation by hand, and what is said when it cannot be."""

from pathlib import Path

import pytest
from cryptography import x509

from proxy.cli import main
from proxy.data_dir.authority import ensure_authority, standing


def ca(folder: Path, *words: str) -> int:
    """One command."""
    return main(["ca", *words, "--data-dir", str(folder)])


def test_a_rotation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step shows how it stands then; the new one signs in the end."""
    ensure_authority(tmp_path)
    said = []
    for words in (["show"], ["prepare"], ["rotate"], ["retire"]):
        assert ca(tmp_path, *words) == 0
        said.append([line.partition(": ")[::2] for line in capsys.readouterr().out.splitlines()])
    first, both, turned, last = said
    assert [role for role, _ in both] == ["signs", "will sign"]
    assert both[0] == first[0]
    assert turned == [("signs", both[1][1]), ("signed before", both[0][1])]
    assert last == [("signs", both[1][1])]


def test_exports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What agents trust, alone or with the system's."""
    ensure_authority(tmp_path)
    assert ca(tmp_path, "export") == 0
    assert capsys.readouterr().out == (tmp_path / "ca.pem").read_text()
    assert ca(tmp_path, "export", "--bundle") == 0
    assert capsys.readouterr().out == (tmp_path / "ca-bundle.pem").read_text()


def test_the_configuration_says_for_what(tmp_path: Path) -> None:
    """A successor is made by the terms of now."""
    ensure_authority(tmp_path)
    config = tmp_path / "config.yaml"
    config.write_text(f'version: 1\nca: {{names: [bank.example], publish: "{tmp_path}/trust"}}\n')
    (tmp_path / "trust").mkdir()
    assert ca(tmp_path, "prepare", "--config", str(config)) == 0
    successor = standing(tmp_path)[1].certificate
    limits = successor.extensions.get_extension_for_class(x509.NameConstraints).value
    assert limits.permitted_subtrees == [x509.DNSName("bank.example")]
    assert (tmp_path / "trust" / "ca.pem").read_bytes() == (tmp_path / "ca.pem").read_bytes()


@pytest.mark.parametrize("action", ["show", "export", "prepare", "rotate", "retire"])
def test_without_an_authority(tmp_path: Path, action: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1 and the cure; nothing is made."""
    assert ca(tmp_path, action) == 1
    assert "sidegate" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
