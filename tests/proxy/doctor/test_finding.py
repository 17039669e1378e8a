"""What a check finds."""

from proxy.doctor.finding import Level, doubt, fault, ok


def test_levels() -> None:
    """What is as it should be needs no cure."""
    assert (ok("a", "b").level, ok("a", "b").cure) == (Level.OK, "")
    assert (doubt("a", "b", "c").level, fault("a", "b", "c").level) == (Level.DOUBT, Level.FAULT)
