"""The API answers as its document says, whatever it is sent: schemathesis against the real server."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.asking import ask
from tests.acceptance.conftest import StartSidecar
from tests.acceptance.test_channels import config
from tests.acceptance.upstream import Upstream
from tests.environments.locked import python

pytestmark = pytest.mark.review

SECONDS = int(os.environ.get("DOCUMENT_SECONDS") or 30)
RULES = """
version: 1
rules:
  - {id: pay, match: {host: localhost, method: POST, path: /v1/transfers}, tier: 4, reason: moves money}
"""
_CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,negative_data_rejection,ignored_auth,unsupported_method"
)


@pytest.mark.timeout(400)
def test_no_answer_is_undocumented(start_sidecar: StartSidecar, upstream: Upstream, tmp_path: Path) -> None:
    """No 5xx, no status, type or shape that the document does not have, over a bounded time."""
    nowhere = "http://127.0.0.1:9"
    sidecar = start_sidecar(rules=RULES, config=config(tmp_path, hook=nowhere, slack=nowhere, mail=9))
    assert ask(sidecar, upstream.url("/v1/transfers"), amount=5).status == 403
    [hold] = sidecar.holds()
    settings = tmp_path / "schemathesis.toml"
    # A stream has no end, and nothing changes that a request could wait for.
    settings.write_text(f'[parameters]\nhold_id = "{hold["hold_id"]}"\nwait = 0\n')
    done = subprocess.run(
        [
            *(str(python("schemathesis").with_name("schemathesis")), "--config-file", str(settings), "run"),
            *(f"{sidecar.console}/api/openapi.json", "--header", f"Authorization: Bearer {sidecar.token}"),
            *("--checks", _CHECKS, "--exclude-path", "/api/events", "--max-time", str(SECONDS)),
            *("--request-timeout", "20", "--seed", "7", "--no-color", "--workers", "1"),
            *("--generation-database", "none"),
        ],
        capture_output=True,
        text=True,
        timeout=6 * SECONDS,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert " 0 passed" not in done.stdout
