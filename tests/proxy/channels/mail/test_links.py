"""Tests of what a letter's link says."""

import base64

import pytest

from proxy.channels.mail.links import MOST_LENGTH, Link, read, write
from proxy.keys.keyring import Keyring

LINK = Link(hold_id="01X", digest="d" * 64, preview="e" * 64, reviewer="ada", until=1.5, nonce="n")
RING = Keyring([b"k" * 32], domain="books")


def test_a_link_is_read_as_it_was_written() -> None:
    """By every console of the domain, also after its keys were rotated; it is another one each time."""
    written = write(LINK, RING)
    assert read(written, RING, hold_id="01X") == LINK
    assert write(LINK, RING) != written
    assert len(written) < MOST_LENGTH
    rotated = Keyring([b"n" * 32, b"k" * 32], domain="books")
    assert read(written, rotated, hold_id="01X") == LINK
    assert b"ada" not in written.encode()


@pytest.mark.parametrize(
    "ring",
    [Keyring([b"x" * 32], domain="books"), Keyring([b"k" * 32], domain="other")],
    ids=["key", "domain"],
)
def test_somebody_elses(ring: Keyring) -> None:
    """A link of another key or domain is none."""
    assert read(write(LINK, ring), RING, hold_id="01X") is None


def test_every_changed_character_counts() -> None:
    """None of them may be another one."""
    written = write(LINK, RING)
    for at in range(0, len(written) - 1, 7):
        other = "A" if written[at] != "A" else "B"
        assert read(written[:at] + other + written[at + 1 :], RING, hold_id="01X") is None
    assert read(written[:-4], RING, hold_id="01X") is None


@pytest.mark.parametrize("written", ["", "A", "====", "../../etc", "\u00e9", "A" * 5000, "AAAA\n", "a b"])
def test_what_is_no_link(written: str) -> None:
    """Whatever it is."""
    assert read(written, RING, hold_id="01X") is None


@pytest.mark.parametrize("hold_id", ["01Y", "01x", "01X/", "", "\ud800"], ids=ascii)
def test_another_holds(hold_id: str) -> None:
    """The seal of one hold's link fits no other."""
    assert read(write(LINK, RING), RING, hold_id=hold_id) is None


def test_what_was_sealed_for_something_else() -> None:
    """Is no link, though the same keys sealed it."""
    other = RING.seals[0].close(b"{}", bound_to={"part": "other"})
    assert read(base64.urlsafe_b64encode(other).decode().rstrip("="), RING, hold_id="01X") is None
