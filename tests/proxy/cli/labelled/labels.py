"""Labelled rows for tests."""

from typing import Any


def labelled(tiers: tuple[int, int] = (3, 4), *, consequential: object = True, **more: Any) -> dict[str, Any]:
    """A row with a label; `more` goes into the row."""
    label = {
        "consequential": consequential,
        "tier_min": tiers[0],
        "tier_max": tiers[1],
        "strength": "strong",
    }
    request = {"method": "POST", "url": "https://a.test/x"}
    row = {"id": "r", "source": "s", "protocol": "http", "request": request, "label": label}
    return row | more


def harmless(tier: int = 1, **more: Any) -> dict[str, Any]:
    """A row whose call is harmless."""
    return labelled((1, tier), consequential=False, **more)
