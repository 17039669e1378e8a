"""A store that stands still, a sidecar that stands still, a full disk: nothing twice, nothing lost."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.acceptance.authority import Authority
from tests.acceptance.conftest import StartSidecar
from tests.acceptance.processes import until
from tests.acceptance.received import Stage
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.test_crash import CONFIG, PATH, _ask, _hold, _settle
from tests.acceptance.upstream import Upstream

_STALL_SECONDS = 3.0


@pytest.fixture
def sidecar(start_sidecar: StartSidecar) -> Sidecar:
    """A sidecar of this test alone."""
    return start_sidecar(config=CONFIG)


@pytest.mark.parametrize("stage", [Stage.HEAD, Stage.RECEIVED, Stage.ANSWERED])
def test_the_store_stalls_while_it_is_sent(sidecar: Sidecar, upstream: Upstream, stage: Stage) -> None:
    """The outcome is recorded when the store answers again; the approval runs once."""
    hold_id = _hold(sidecar, upstream)
    with upstream.stop_at(stage, path=PATH) as stop:
        sidecar.approve(hold_id)
        stop.wait()
        with sidecar.redis_stopped():
            stop.release()
            time.sleep(_STALL_SECONDS)
    _settle(sidecar, hold_id, {"executed"})
    assert _ask(sidecar, upstream).status == 201
    assert upstream.count("POST") == 1


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1])
def test_the_store_stalls_after_the_approval(sidecar: Sidecar, upstream: Upstream, after: float) -> None:
    """Wherever the worker is by then: it runs once, and is unknown only if it may have left."""
    hold_id = _hold(sidecar, upstream)
    sidecar.approve(hold_id)
    time.sleep(after)
    with sidecar.redis_stopped():
        time.sleep(_STALL_SECONDS)
    _settle(sidecar, hold_id, {"executed"})
    assert upstream.count("POST") == 1


@pytest.mark.parametrize("stage", [Stage.HEAD, Stage.RECEIVED, Stage.ANSWERED])
def test_the_sidecar_stands_still(sidecar: Sidecar, upstream: Upstream, stage: Stage) -> None:
    """Longer than its lease: the one that sent it still learns the answer, and nobody sends it again."""
    hold_id = _hold(sidecar, upstream)
    with upstream.stop_at(stage, path=PATH) as stop:
        sidecar.approve(hold_id)
        stop.wait()
        sidecar.freeze()
        stop.release()
        time.sleep(_STALL_SECONDS + 2)
        sidecar.thaw()
    state = _settle(sidecar, hold_id, {"executed", "outcome_unknown"})["state"]
    assert upstream.count("POST") == 1
    # Thawed late in its patience with the upstream, it may have none left.
    assert state == "executed" or stage is not Stage.ANSWERED


def test_the_stores_disk_is_full(authority: Authority, upstream: Upstream) -> None:
    """What cannot be recorded is refused; what was recorded is there when there is room, and runs once."""
    sidecar = Sidecar(upstream_ca=authority.ca, config=CONFIG)
    with closing(sidecar), _disk(sidecar.data_dir / "redis") as disk:
        sidecar.start()
        hold_id = _hold(sidecar, upstream)
        with _filled(disk):
            refused = _ask(sidecar, upstream, body=b'{"amount": 8, "for": "' + b"x" * 20_000 + b'"}')
            assert refused.status == 503
            # The last block of a file may have room for what is as small as a step: that is recorded, then.
            sidecar.cli("approve", hold_id)
        if _settle(sidecar, hold_id, {"pending", "approved", "executed"})["state"] == "pending":
            sidecar.approve(hold_id)
        _settle(sidecar, hold_id, {"executed"})
        assert [b"xxx" in received.body for received in upstream.select("POST")] == [False]
        sidecar.stop()


def test_the_journals_disk_is_full(authority: Authority, upstream: Upstream) -> None:
    """Nothing is sent without the journal; the approval stays, and runs once when there is room."""
    sidecar = Sidecar(upstream_ca=authority.ca, config=CONFIG)
    with closing(sidecar), _disk(sidecar.data_dir) as disk, _disk(sidecar.data_dir / "redis"):
        sidecar.start()
        hold_id = _hold(sidecar, upstream)
        with _filled(disk):
            sidecar.approve(hold_id)
            given = until(lambda: _noted(sidecar, hold_id), deadline=20, what="the attempt")
            assert "not sent: the journal `" in given
            assert upstream.count("POST") == 0
        _settle(sidecar, hold_id, {"executed"})
        assert upstream.count("POST") == 1
        sidecar.stop()


def _noted(sidecar: Sidecar, hold_id: str) -> str | None:
    hold = _settle(sidecar, hold_id, {"approved", "claimed", "sending"})
    return hold["note"] if hold["state"] == "approved" else None


@contextmanager
def _disk(place: Path) -> Iterator[Path]:
    """A small disk of its own for a folder; skipped where nobody may mount one."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", place], check=False)
    if mount.returncode:
        pytest.skip("a small disk takes the right to mount one: run this as root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def _filled(disk: Path) -> Iterator[None]:
    """No room on it for one more byte."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()
