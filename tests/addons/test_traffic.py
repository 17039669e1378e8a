"""Which requests count as under way."""

from addons.traffic import Traffic


def test_requests_count_from_beginning_to_end() -> None:
    """Each counts once, whoever its client is."""
    traffic = Traffic()
    traffic.begin("a", 1)
    traffic.begin("a", 1)
    traffic.begin("a", 2)
    traffic.begin("b", 1)
    assert traffic.busy == 3
    traffic.end("a", 1)
    traffic.end("a", 1)
    traffic.end("c", 1)
    assert traffic.busy == 2


def test_a_client_takes_its_requests_with_it() -> None:
    """An end that is told late changes nothing."""
    traffic = Traffic()
    traffic.begin("a", 1)
    traffic.begin("b", 1)
    traffic.forget("a")
    traffic.end("a", 1)
    traffic.forget("a")
    assert traffic.busy == 1
