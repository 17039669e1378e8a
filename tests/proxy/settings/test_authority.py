"""`ca` in the configuration: what its names may be."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from proxy.data_dir.authority import Terms
from proxy.settings.authority import CaEntry

WRONG = [
    "*.example",
    "Example.com",
    "a b",
    "",
    "example.",
    "https://a.example",
    "10.0.0.1/8",
    "a" * 254,
    "a\0b",
]


@pytest.mark.parametrize("name", WRONG)
def test_hostile_names(name: str) -> None:
    """None is taken for something else."""
    with pytest.raises(ValidationError):
        CaEntry(names=(name,))


def test_its_terms() -> None:
    """Domains, addresses and ranges; a folder."""
    names = ("example", "10.0.0.0/8", "10.0.0.1", "fd00::/8")
    assert CaEntry(names=names, publish="/srv/trust").terms == Terms(names=names, publish=Path("/srv/trust"))
    assert CaEntry().terms == Terms()
    with pytest.raises(ValidationError):
        CaEntry(publish="a\0b")
