"""Which credentials a call gets: those of exactly one place, one for each slot, or the one its rule names."""

from dataclasses import replace
from pathlib import Path

import pytest

from proxy.credentials.credentials import Credentials, moved, with_fields
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import FromFile
from proxy.credentials.supply import Supplied
from rules.action import Action
from tests.proxy.console.world import ACTION
from tests.proxy.credentials.requests import OUTGOING, header


def to(host: str, port: int = 443) -> Action:
    """An action that goes there."""
    return replace(ACTION, host=host, port=port)


def credentials(tmp_path: Path, *hosts: str) -> Credentials:
    """Credentials for these hosts; the secret of each is the host's own spelling."""
    by_host = {}
    for number, host in enumerate(hosts):
        (tmp_path / str(number)).write_text(host)
        by_host[host] = (header(FromFile(tmp_path / str(number)), template="{secret}"),)
    return Credentials(by_host)


PLACES = [
    (("bank.example",), to("bank.example"), "bank.example"),
    (("bank.example",), to("bank.example", 8443), "bank.example"),
    (("bank.example:443",), to("bank.example"), "bank.example:443"),
    (("bank.example:443",), to("bank.example", 8443), None),
    (("bank.example", "bank.example:8443"), to("bank.example", 8443), "bank.example:8443"),
    (("bank.example", "bank.example:8443"), to("bank.example"), "bank.example"),
    (("bank.example",), to("evil.bank.example"), None),
    (("bank.example",), to("bank.example.evil"), None),
    (("bank.example",), to("ank.example"), None),
    (("10.0.0.1:443",), to("10.0.0.1"), "10.0.0.1:443"),
    (("::1",), to("::1"), "::1"),
    (("[::1]:443",), to("::1"), "[::1]:443"),
    (("[::1]:443",), to("::1", 8443), None),
    (("::1:443",), to("::1"), None),
    ((), to("bank.example"), None),
]


@pytest.mark.parametrize(("hosts", "action", "expected"), PLACES)
async def test_one_place(
    tmp_path: Path, hosts: tuple[str, ...], action: Action, expected: str | None
) -> None:
    """A secret goes to the host and port that it was given for, and nowhere else."""
    found = credentials(tmp_path, *hosts)
    assert found.has(action) == (expected is not None)
    values = [value for _, value in (await found.supply(action, OUTGOING)).fields]
    assert values == ([expected.encode()] if expected else [])


@pytest.mark.parametrize("place", ["bank.example", "bank.example:443"])
async def test_never_without_tls(tmp_path: Path, place: str) -> None:
    """A secret that an eavesdropper could read is not even fetched; other hosts have none to lose."""
    found = credentials(tmp_path, place)
    (tmp_path / "0").unlink()
    with pytest.raises(CredentialError, match=r"the credential for `bank\.example` goes out over TLS only"):
        await found.supply(replace(to("bank.example"), scheme="http"), OUTGOING)
    assert (await found.supply(replace(to("other.example"), scheme="http"), OUTGOING)).fields == ()


async def test_several_headers_for_one_host(tmp_path: Path) -> None:
    """All in the order of the configuration; one that cannot be had stops them all."""
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("2")
    both = [header(FromFile(tmp_path / n), name=n, of=n, template="{secret}") for n in "ab"]
    found = Credentials({"bank.example": tuple(both)})
    supplied = await found.supply(ACTION, OUTGOING)
    assert supplied.fields == ((b"a", b"1"), (b"b", b"2"))
    assert supplied.label == "a@1 b@2"
    (tmp_path / "b").unlink()
    assert await found.generations(ACTION) == "a@1 b@?"
    with pytest.raises(CredentialError):
        await found.supply(ACTION, OUTGOING)


async def test_the_one_that_a_rule_names(tmp_path: Path) -> None:
    """It goes out in place of the host's own, and nowhere but to its host."""
    for name in ("usual", "special", "tenant"):
        (tmp_path / name).write_text(name.upper())
    usual, special = (
        header(FromFile(tmp_path / n), name=n, template="{secret}") for n in ("usual", "special")
    )
    tenant = header(FromFile(tmp_path / "tenant"), name="tenant", of="X-Tenant", template="{secret}")
    found = Credentials({"bank.example": (usual, tenant, special)})
    assert await found.generations(ACTION) == "tenant@TENANT usual@USUAL"
    named = await found.supply(ACTION, OUTGOING, named="special")
    assert sorted(value for _, value in named.fields) == [b"SPECIAL", b"TENANT"]
    for action, name in ((ACTION, "nobody"), (replace(ACTION, host="other.example"), "special")):
        with pytest.raises(
            CredentialError, match=f"asks for the credential `{name}`, which is not configured"
        ):
            await found.supply(action, OUTGOING, named=name)
        assert await found.generations(action, named=name) == ""


async def test_the_agents_own(tmp_path: Path) -> None:
    """Where its live credentials run the call, none of ours is read."""
    found = Credentials({"bank.example": (header(FromFile(tmp_path / "none")),)})
    live = ((b"Authorization", b"Bearer live"),)
    assert (await found.supply(ACTION, OUTGOING, live=live)) == Supplied(fields=live)


ROTATIONS = {
    "the same": ("a@1 b@2", "a@1 b@2", []),
    "one of them": ("a@1 b@2", "a@1 b@3", ["b"]),
    "a name with a sign in it": ("x@y@1", "x@y@2", ["x@y"]),
    "unknown before": ("a@ b@?", "a@1 b@2", []),
    "another one": ("a@1", "b@2", []),
    "nothing": ("", "", []),
    "not ours": ("@ @@ x", "x y@", []),
}


@pytest.mark.parametrize("case", ROTATIONS)
def test_rotations(case: str) -> None:
    """What was known before and is another one now was rotated."""
    before, after, expected = ROTATIONS[case]
    assert list(moved(before, after)) == expected


def test_new_fields_take_the_place_of_old_ones() -> None:
    """Whatever the case of their names; the others stay as and where they are."""
    fields = ((b"A", b"1"), (b"b", b"2"), (b"a", b"3"), (b"C", b"4"))
    assert with_fields(fields, ((b"a", b"new"),)) == ((b"b", b"2"), (b"C", b"4"), (b"a", b"new"))
    assert with_fields(fields, ()) == fields
