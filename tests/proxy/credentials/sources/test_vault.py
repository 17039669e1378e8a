"""Vault's two requests, with a pod's login and with a token."""

from pathlib import Path

import pytest

from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import FromFile
from proxy.credentials.sources.vault import FromVault, KubernetesLogin
from tests.proxy.credentials.issuer import POD, Issuer, issuing
from tests.proxy.credentials.trust import endpoint


def vault(issuer: Issuer, folder: Path, **changes: str) -> FromVault:
    """The secret of the bank, read as the pod."""
    (folder / "pod").write_text(POD)
    given = {"path": "bank", "entry": "token", "role": "sidegate", "namespace": "books"} | changes
    return FromVault(
        endpoint=endpoint(),
        url=issuer.url,
        mount="secret",
        path=given["path"],
        entry=given["entry"],
        login=KubernetesLogin(role=given["role"], mount="kubernetes", token=FromFile(folder / "pod")),
        keyed=str.upper,
        namespace=given["namespace"],
    )


async def test_a_secret(tmp_path: Path) -> None:
    """Read anew every time, in its namespace; what it was last is known without asking."""
    async with issuing() as issuer:
        made = vault(issuer, tmp_path)
        assert await made.generation() == ""
        assert (await made.secret()).text == "vault-1"
        issuer.secrets["token"] = "vault-2"
        assert (await made.secret(past="VAULT-1")).text == "vault-2"
        assert await made.generation() == "VAULT-2"
        assert issuer.asked[1]["namespace"] == "books"
        (tmp_path / "token").write_text("hvs.pod")
        with_token = vault(issuer, tmp_path)
        with_token.login = FromFile(tmp_path / "token")
        assert (await with_token.secret()).text == "vault-2"


FAULTS = {
    "another role": ({"role": "root"}, "refuses with `status 403`"),
    "no secret": ({"path": "other"}, "there is nothing at `other` in `secret`: correct the path"),
    "no field": ({"entry": "none"}, "`bank` has no text called `none`: correct `field`"),
}


@pytest.mark.parametrize("case", FAULTS)
async def test_faults(case: str, tmp_path: Path) -> None:
    """Each says what Vault was asked for, and no token."""
    changes, words = FAULTS[case]
    async with issuing() as issuer:
        with pytest.raises(CredentialError, match="vault gives no secret: ") as caught:
            await vault(issuer, tmp_path, **changes).secret()
    assert words in str(caught.value)
    assert POD not in str(caught.value)


async def test_no_login(tmp_path: Path) -> None:
    """A pod without a token says which file is missing."""
    async with issuing() as issuer:
        made = vault(issuer, tmp_path)
        (tmp_path / "pod").unlink()
        with pytest.raises(CredentialError, match="cannot be read: No such file"):
            await made.secret()
        assert issuer.made == 0
