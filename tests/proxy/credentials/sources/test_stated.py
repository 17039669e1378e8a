"""Secrets in variables and files, as header fields: asked for anew, and never in an error's words."""

import os
from pathlib import Path

import pytest

from proxy.credentials.header import Header
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import FromEnvironment, FromFile, Stated
from tests.proxy.credentials.requests import OUTGOING, header

SECRET = "s3cr3t-token"
VARIABLE = "SIDEGATE_TEST_SECRET"
GOOD = [SECRET, "!~", "x" * 65536, "a b", "{secret}", '"\\']
PADDED = [f"{SECRET}\n", f"  {SECRET}\r\n", f"\t{SECRET} ", f"\v{SECRET}\f"]
BAD = [
    f"{SECRET}\r\nX-Evil: 1",
    f"{SECRET}\nX",
    f"{SECRET}\x00X",
    f"{SECRET}\x7fX",
    f"{SECRET}\x1b[31mX",
    f"{SECRET}\tX",
    f"{SECRET}é",
    f"{SECRET}\u2028X",
    f"\ufeff{SECRET}",
]


def bearer(reference: FromEnvironment | FromFile, template: str = "Bearer {secret}") -> Header:
    """A credential as most configurations have it."""
    return header(reference, template=template)


async def field_of(credential: Header) -> tuple[bytes, bytes]:
    """The one field that goes out."""
    [field] = (await credential.supply(OUTGOING, past=None)).fields
    return field


@pytest.fixture(params=["env", "file"])
def credential(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Header:
    """A credential from each kind of provider, whose source the test fills with `fill`."""
    monkeypatch.setenv(VARIABLE, "")
    if request.param == "env":
        return bearer(FromEnvironment(VARIABLE))
    return bearer(FromFile(tmp_path / "token"))


def fill(credential: Header, text: str) -> None:
    """Put `text` where the credential's secret comes from."""
    match credential.source:
        case Stated(reference=FromFile(path)):
            path.write_bytes(text.encode())
        case _:
            os.environ[VARIABLE] = text


@pytest.mark.parametrize("secret", GOOD, ids=lambda secret: secret[:9])
async def test_a_secret(credential: Header, secret: str) -> None:
    """The header holds the secret as it stands in its source."""
    fill(credential, secret)
    assert await field_of(credential) == (b"Authorization", b"Bearer " + secret.encode())


@pytest.mark.parametrize("padded", PADDED, ids=repr)
async def test_white_space_around_it(credential: Header, padded: str) -> None:
    """The line end that most editors and secret stores add is no part of the secret."""
    fill(credential, padded)
    assert await field_of(credential) == (b"Authorization", b"Bearer " + SECRET.encode())


@pytest.mark.parametrize("bad", [text for text in BAD if "\0" not in text], ids=repr)
async def test_what_no_header_can_carry(credential: Header, bad: str) -> None:
    """Characters that end a header or that servers read differently are refused, and not shown."""
    fill(credential, bad)
    with pytest.raises(CredentialError, match="`Authorization` has characters that no header") as caught:
        await field_of(credential)
    assert_silent(caught.value)


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"x" * 65537], ids=["empty", "blank", "large"])
def test_files_without_a_secret(tmp_path: Path, content: bytes) -> None:
    """A file that has none, or is something else altogether."""
    path = tmp_path / "token"
    path.write_bytes(content)
    with pytest.raises(CredentialError, match=f"`{path}` is empty or over 65536 bytes: write"):
        FromFile(path).read()


@pytest.mark.parametrize("bad", [b"s3cr3t-token\x00X", b"s3cr3t-token\xff\xfe", b"\x80"], ids=repr)
async def test_files_of_other_bytes(tmp_path: Path, bad: bytes) -> None:
    """Bytes that are no text are refused, and not shown."""
    (tmp_path / "token").write_bytes(bad)
    with pytest.raises(CredentialError, match="characters that no header") as caught:
        await field_of(bearer(FromFile(tmp_path / "token")))
    assert_silent(caught.value)


UNREADABLE = [
    ("missing", "No such file or directory"),
    ("folder", "Is a directory"),
    ("file/below", "Not a directory"),
    ("n" * 300, "File name too long"),
    ("nul\0", "no file can have this name"),
]


@pytest.mark.parametrize(("name", "why"), UNREADABLE, ids=[name[:9] for name, _ in UNREADABLE])
def test_files_that_cannot_be_read(tmp_path: Path, name: str, why: str) -> None:
    """The message names the file, what is wrong with it, and the cure."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text(SECRET)
    with pytest.raises(CredentialError) as caught:
        FromFile(tmp_path / name).read()
    message = str(caught.value)
    assert message.startswith(f"the credential file `{tmp_path / name}` cannot be read: {why}; correct")


@pytest.mark.parametrize("value", [None, "", "  ", "\n"], ids=repr)
def test_a_variable_without_a_secret(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not set, or set to nothing."""
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(CredentialError, match=f"`{VARIABLE}` is not set or empty: set it"):
        FromEnvironment(VARIABLE).read()


async def test_a_variable_of_other_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable whose bytes are no text."""
    monkeypatch.setitem(os.environb, VARIABLE.encode(), b"s3cr3t-token\xff")
    with pytest.raises(CredentialError, match="characters that no header") as caught:
        await field_of(bearer(FromEnvironment(VARIABLE)))
    assert_silent(caught.value)


async def test_a_new_secret_is_used_at_once(credential: Header) -> None:
    """The source is read at every replay: a rotated secret needs no restart."""
    for secret in ("first", "second"):
        fill(credential, secret)
        assert (await field_of(credential))[1] == f"Bearer {secret}".encode()


@pytest.mark.parametrize(
    ("template", "expected"),
    [("{secret}", "S"), ("token {secret}", "token S"), ("a{secret}b{0}", "aSb{0}"), ("%s {secret}", "%s S")],
)
async def test_templates(tmp_path: Path, template: str, expected: str) -> None:
    """Only `{secret}` is replaced, whatever else looks like a format."""
    (tmp_path / "token").write_text("S")
    assert (await field_of(bearer(FromFile(tmp_path / "token"), template)))[1] == expected.encode()


@pytest.mark.parametrize("template", ["{secret} ", " {secret}", "{secret}\n", "é {secret}"])
async def test_templates_that_no_header_can_carry(tmp_path: Path, template: str) -> None:
    """Found before anything is sent, not by the HTTP client in the middle of sending."""
    (tmp_path / "token").write_text(SECRET)
    with pytest.raises(CredentialError) as caught:
        await field_of(bearer(FromFile(tmp_path / "token"), template))
    assert_silent(caught.value)


def test_nothing_is_shown_by_accident(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed or logged of a provider names the source and not the secret."""
    monkeypatch.setenv(VARIABLE, SECRET)
    shown = repr(bearer(FromEnvironment(VARIABLE)))
    assert VARIABLE in shown
    assert SECRET not in shown


def assert_silent(error: BaseException) -> None:
    """Neither the message nor a cause that a log might show has the secret."""
    seen: BaseException | None = error
    while seen is not None:
        assert SECRET not in f"{seen!s} {seen!r}"
        seen = seen.__cause__ or seen.__context__
