"""Keys that a device keeps."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from proxy.console.people.factors.kept import Passkey
from proxy.console.people.factors.passkeys import (
    Place,
    Unproven,
    proven,
    registered,
    to_prove,
    to_register,
)
from tests.proxy.console.people.factors.device import Device

HERE = Place(origin="http://localhost:8081")
CHALLENGE = b"c" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def made(device: Device, **spoilt: Any) -> Passkey:
    """Its key, as it is kept."""
    options = to_register(HERE, "ada", challenge=CHALLENGE, known=())
    assert options["authenticatorSelection"]["userVerification"] == "required"
    return registered(HERE, device.create(options, **spoilt), challenge=CHALLENGE, label="desk", now=NOW)


@pytest.mark.parametrize(
    ("origin", "able"),
    [
        ("http://localhost:8081", True),
        ("https://console.example", True),
        ("http://console.example", False),
        ("http://127.0.0.1:8081", False),
        ("https://127.0.0.1", False),
        ("https://[::1]:1", False),
        ("https://", False),
        ("", False),
    ],
)
def test_where_browsers_have_them(origin: str, able: bool) -> None:
    """Under names, over TLS or on this machine."""
    assert Place(origin=origin).able is able


def test_a_key_is_made_and_used() -> None:
    """Its counter goes on; the private half stays on the device."""
    device = Device()
    key = made(device)
    options = to_prove(HERE, challenge=CHALLENGE, known=[key])
    assert [one["id"] for one in options["allowCredentials"]] == [key.id]
    used = proven(HERE, device.get(options), challenge=CHALLENGE, known=[key])
    assert (used.id, used.count) == (key.id, 2)
    offered = to_register(HERE, "ada", challenge=CHALLENGE, known=[key])
    assert [one["id"] for one in offered["excludeCredentials"]] == [key.id]


BAD: dict[str, dict[str, Any]] = {
    "another challenge": {"challenge": "AAAA"},
    "another origin": {"origin": "http://evil.example"},
    "another port": {"origin": "http://localhost:8082"},
    "over TLS": {"origin": "https://localhost:8081"},
    "another kind": {"type": "webauthn.create"},
}


@pytest.mark.parametrize("case", BAD)
def test_what_the_browser_says_has_to_fit(case: str) -> None:
    """For a proof as for a new key."""
    device = Device()
    key = made(device)
    options = to_prove(HERE, challenge=CHALLENGE, known=[key])
    with pytest.raises(Unproven):
        proven(HERE, device.get(options, **BAD[case]), challenge=CHALLENGE, known=[key])
    spoilt = {"type": "webauthn.get"} if case == "another kind" else BAD[case]
    with pytest.raises(Unproven):
        made(Device(), **spoilt)


SPOILT: dict[str, dict[str, Any]] = {
    "another name": {"name": "evil.example"},
    "nobody there": {"flags": 0x04},
    "somebody, unverified": {"flags": 0x01},
    "a counter that goes back": {"count": -1},
    "another id": {"id": b"another"},
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_the_device_says_has_to_fit(case: str) -> None:
    """A copy of it, or one that nobody touched, proves nothing."""
    device = Device(count=5)
    key = made(device)
    for name, value in SPOILT[case].items():
        setattr(device, name, value)
    with pytest.raises(Unproven):
        proven(HERE, device.get({"challenge": "Y2Nj"} | _asked(key)), challenge=CHALLENGE, known=[key])


def _asked(key: Passkey) -> dict[str, Any]:
    return to_prove(HERE, challenge=CHALLENGE, known=[key])


def test_another_devices_signature() -> None:
    """By whoever knows the id."""
    key = made(Device())
    with pytest.raises(Unproven):
        proven(HERE, Device().get(_asked(key)), challenge=CHALLENGE, known=[key])


@pytest.mark.parametrize(
    "said",
    ["", "x", "[]", "{}", "null", "[" * 10_000, '{"id": 1}', '{"id": "\\ud800"}', "x" * 40_000],
    ids=range(9),
)
def test_anything_else_proves_nothing(said: str) -> None:
    """It is refused, and breaks nothing."""
    key = made(Device())
    with pytest.raises(Unproven):
        proven(HERE, said, challenge=CHALLENGE, known=[key])
    with pytest.raises(Unproven):
        registered(HERE, said, challenge=CHALLENGE, label="x", now=NOW)


@pytest.mark.parametrize("member", ["rawId", "response", "type"])
def test_an_answer_that_lacks_something(member: str) -> None:
    """As one that is cut off."""
    device = Device()
    key = made(device)
    said = json.loads(device.get(_asked(key)))
    del said[member]
    with pytest.raises(Unproven):
        proven(HERE, json.dumps(said), challenge=CHALLENGE, known=[key])
