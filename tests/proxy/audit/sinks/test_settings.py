"""What the configuration may say of sinks."""

import json

import pytest
from pydantic import ValidationError

from proxy.audit.settings import Audit
from proxy.audit.sinks.settings import syslog_address

SECRET = [{"env": "HOOK_SECRET"}]
WRONG: dict[str, tuple[dict[str, object], str]] = {
    "no such kind": ({"kind": "kafka"}, "kind"),
    "an odd name": ({"kind": "stdout", "name": "A b"}, "no sink's name"),
    "stdout elsewhere": ({"kind": "stdout", "to": "x"}, "leave out `to`"),
    "syslog nowhere": ({"kind": "syslog"}, "write `to` as"),
    "syslog without a port": ({"kind": "syslog", "to": "tcp://h"}, "write `to` as"),
    "syslog by a relative path": ({"kind": "syslog", "to": "unix://dev/log"}, "write `to` as"),
    "syslog by http": ({"kind": "syslog", "to": "http://h:1"}, "write `to` as"),
    "syslog by a port beyond": ({"kind": "syslog", "to": "udp://h:70000"}, "write `to` as"),
    "a webhook without a secret": ({"kind": "webhook", "to": "https://h/x"}, "signed"),
    "a webhook nowhere": ({"kind": "webhook", "to": "h", "secrets": SECRET}, "http"),
    "redis by http": ({"kind": "redis", "to": "http://h"}, "redis://"),
    "secrets for stdout": ({"kind": "stdout", "secrets": SECRET}, "leave them out"),
    "less than a stream can keep": ({"kind": "redis", "keep": 1}, "keep"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused_with_the_cure(case: str) -> None:
    """Before anything starts."""
    entry, said = WRONG[case]
    with pytest.raises(ValidationError, match=said):
        Audit.model_validate_json(json.dumps({"sinks": [{"name": "siem"} | entry]}))


def test_names_are_apart() -> None:
    """A sink's name is in metrics and on disk."""
    with pytest.raises(ValidationError, match="two sinks"):
        Audit.model_validate_json(json.dumps({"sinks": [{"name": "a", "kind": "stdout"}] * 2}))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:///dev/log", ("unix", "/dev/log", 0)),
        ("udp://127.0.0.1:514", ("udp", "127.0.0.1", 514)),
        ("tcp://[::1]:601", ("tcp", "::1", 601)),
    ],
)
def test_addresses_of_syslog(text: str, address: tuple[str, str, int]) -> None:
    """A socket of this machine, UDP, TCP."""
    assert syslog_address(text) == address
