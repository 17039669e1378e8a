"""The bounds of grants as the document says them."""

from proxy.console.openapi.granting import GRANTING


def test_the_document_has_the_bounds_of_the_routes() -> None:
    """Whoever makes a client of it asks for nothing that is refused."""
    body = GRANTING["POST /api/holds/{hold_id}/grant"].body
    assert body is not None
    assert body["properties"]["count"] == {"type": "integer", "minimum": 1, "maximum": 100}
    assert body["properties"]["minutes"]["maximum"] == 1440
    assert set(body["required"]) == {"digest", "preview", "reason"}
