"""Entries of `credentials` as an operator writes them, read by the configuration's own reader."""

from proxy.config import Config
from proxy.credentials.entry import CredentialEntry
from rules.language.document import Problem, read

OAUTH = "client_id: c, token_url: 'https://t.example/token'"
REFRESH = f"name: n, oauth2: {{grant: refresh_token, {OAUTH}, refresh_token: {{env: R}}}}"


def entries(*written: str) -> tuple[CredentialEntry, ...]:
    """The entries that these texts are."""
    made = _read(written)
    assert isinstance(made, Config), made
    return made.credentials


def problems(*written: str) -> tuple[Problem, ...]:
    """What is wrong with them; nothing where they are taken."""
    made = _read(written)
    return () if isinstance(made, Config) else made


def _read(written: tuple[str, ...]) -> Config | tuple[Problem, ...]:
    servers = "mcp_servers: [{name: bank, url: 'https://mcp.bank.example/mcp'}]"
    text = f"version: 1\n{servers}\ncredentials:\n" + "".join(f"  - {{{one}}}\n" for one in written)
    return read(Config, text, file="config.yaml")
