"""What people are shown of a configuration: every key, its origin, and no secret."""

from pathlib import Path

from proxy.settings.layers import Layers, read_layers
from proxy.settings.shown import rows
from tests.test_docs import DOCS, examples

SECRET = "pass-word-9137"
TEXT = f"""version: 1
redis: {{url: "rediss://user:{SECRET}@redis.internal:6379/0?x={SECRET}"}}
keys: {{source: command, command: ["vault", "http://u:{SECRET}@h/"]}}
credentials:
  - {{host: a.example, name: a, oauth2: {{grant: client_credentials, token_url: "https://l.example/t",
      client_id: me, client_secret: {{file: secrets/place}}}}}}
"""


def shown(text: str, folder: Path) -> dict[str, object]:
    """Each key with its value as it is shown."""
    file = folder / "config.yaml"
    file.write_text(text)
    layers = read_layers(file, environ={})
    assert isinstance(layers, Layers), layers
    return {row.key: row.value for row in rows(layers)}


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """Neither in an address nor in its query; where a secret stands is no secret."""
    found = shown(TEXT, tmp_path)
    assert SECRET not in repr(found)
    assert found["redis.url"] == "rediss://***@redis.internal:6379/0?***"
    assert "secrets/place" in repr(found["credentials"])


def test_every_key_is_shown(tmp_path: Path) -> None:
    """The documented example comes back whole."""
    found = shown(next(examples(DOCS / "configuration.md")), tmp_path)
    assert found["identity.agent"] == "bookkeeper"
    assert found["destinations.connect_ports"] == [443, 8443]
    assert found["secret_headers"] == ["X-House-Key"]
    assert {"serve.listen", "windows.upstream", "redis.replicas", "version"} <= set(found)
