"""A secret in a header field: whole, in its template, or not at all."""

from pathlib import Path

import pytest

from proxy.credentials.header import Header
from proxy.credentials.sources.secret import CredentialError, Secret
from proxy.credentials.sources.stated import FromFile
from tests.proxy.credentials.requests import OUTGOING, header


class Said:
    """A source that says `text`, and remembers what it was asked past."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.past: list[str | None] = []

    async def secret(self, *, past: str | None = None) -> Secret:
        """The text."""
        self.past.append(past)
        return Secret(text=self.text, generation="g1")

    async def generation(self) -> str:
        """Always the same."""
        return "g1"


def saying(text: str, template: str = "Bearer {secret}") -> Header:
    """A header with that secret."""
    return Header(name="bank", source=Said(text), header="X-Key", template=template)


TEMPLATES = {
    "Bearer {secret}": b"Bearer t",
    "{secret}": b"t",
    "Token token={secret}, v=1": b"Token token=t, v=1",
    "{}{0}{secret}": b"{}{0}t",
}


@pytest.mark.parametrize("template", TEMPLATES)
async def test_templates(template: str) -> None:
    """The secret stands in its place; nothing else in the template means anything."""
    supplied = await saying("t", template).supply(OUTGOING, past=None)
    assert supplied.fields == ((b"X-Key", TEMPLATES[template]),)
    assert supplied.generations == {"bank": "g1"}


async def test_a_secret_that_looks_like_a_template() -> None:
    """It is put in once."""
    supplied = await saying("{secret}").supply(OUTGOING, past=None)
    assert supplied.fields == ((b"X-Key", b"Bearer {secret}"),)


@pytest.mark.parametrize(
    "text",
    ["a\r\nX-Other: b", "a\nb", "a\0b", "a\x7fb", "sécret", "a\tb", "\u2028a", "trailing "],
    ids=["crlf", "lf", "nul", "del", "letter", "tab", "separator", "space"],
)
async def test_what_no_header_can_carry(text: str) -> None:
    """Said before anything is sent, without the secret."""
    with pytest.raises(CredentialError, match="no header can carry: write it anew") as caught:
        await saying(text).supply(OUTGOING, past=None)
    assert text not in str(caught.value)


async def test_what_was_refused_is_passed_on() -> None:
    """The source is asked for another one than the upstream has refused."""
    made = saying("t")
    await made.supply(OUTGOING, past="g0")
    assert isinstance(made.source, Said)
    assert made.source.past == ["g0"]
    assert (made.slot, await made.generation()) == ("x-key", "g1")


async def test_the_sources_fault_is_the_headers(tmp_path: Path) -> None:
    """A file that is not there, said with its path."""
    with pytest.raises(CredentialError, match=r"`.*none` cannot be read: No such file"):
        await header(FromFile(tmp_path / "none")).supply(OUTGOING, past=None)
