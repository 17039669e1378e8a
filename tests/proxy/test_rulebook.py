"""Rules that change while they judge: a new version takes over, one with a fault never does."""

import asyncio
import logging
import os
from argparse import Namespace
from pathlib import Path

import pytest

from proxy.cli.rule_files import read_rules
from proxy.metrics import Metrics
from proxy.rulebook import Loaded, Rulebook, look_at
from rules.ruleset import Ruleset

ONE = "version: 1\nrules: [{id: one, match: {host: one.test}, tier: 4}]\n"
TWO = "version: 1\nrules: [{id: two, match: {host: two.test}, tier: 4}]\n"
WRONG: dict[str, str | bytes] = {
    "no yaml": "version: [",
    "an unknown key": "version: 1\nrulez: []\n",
    "another version": "version: 2\n",
    "empty": "",
    "no text": b"\xff\xfe\x00",
}


def rules_in(file: Path) -> Loaded:
    """What `sidegate serve --no-packs --rules FILE` loads."""
    return read_rules(Namespace(rules=[file], no_packs=True), agent="agent")


class Desk:
    """A rulebook over one file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "rules.yaml"
        self.file.write_text(ONE)
        self.metrics = Metrics()
        self.changes = 0
        self.loads = 0
        loaded = rules_in(self.file)
        assert isinstance(loaded, Ruleset)
        self.book = Rulebook(loaded, files=[self.file], seen=look_at([self.file]), load=self._load)

    def _load(self) -> Loaded:
        self.loads += 1
        return rules_in(self.file)

    def write(self, content: str | bytes) -> None:
        """Replace the file as editors do."""
        part = self.file.with_suffix(".part")
        part.write_bytes(content.encode() if isinstance(content, str) else content)
        part.replace(self.file)

    async def look(self) -> list[str]:
        """Look once; the ids of the rules that judge then."""
        await self.book.look(self.metrics, self._changed)
        return [rule.id for rule in self.book.current().rules]

    def _changed(self) -> None:
        self.changes += 1

    def count(self, outcome: str) -> float | None:
        """How often a new version had that outcome."""
        return self.metrics.registry.get_sample_value("sidegate_rules_loaded_total", {"outcome": outcome})

    @property
    def stale(self) -> float | None:
        """The gauge."""
        return self.metrics.registry.get_sample_value("sidegate_rules_stale")


@pytest.fixture(name="desk")
def fixture_desk(tmp_path: Path) -> Desk:
    """A rulebook with one rule."""
    return Desk(tmp_path)


async def test_a_new_version_takes_over(desk: Desk) -> None:
    """From then on it is asked, also for the hosts that it names."""
    assert desk.book.names_host("one.test")
    desk.write(TWO)
    assert await desk.look() == ["two"]
    assert not desk.book.names_host("one.test")
    assert (desk.changes, desk.count("loaded"), desk.stale) == (1, 1, 0)


async def test_nothing_is_read_where_nothing_changed(desk: Desk) -> None:
    """Looking is cheap."""
    for _ in range(3):
        assert await desk.look() == ["one"]
    assert (desk.loads, desk.changes) == (0, 0)


@pytest.mark.parametrize("case", WRONG)
async def test_a_version_with_a_fault(desk: Desk, case: str, caplog: pytest.LogCaptureFixture) -> None:
    """The last good one judges on; the fault is told once, with its place, until it is mended."""
    desk.write(WRONG[case])
    with caplog.at_level(logging.ERROR):
        assert [await desk.look() for _ in range(3)] == [["one"]] * 3
    assert caplog.text.count("rules.rejected") == 1
    assert "rules.yaml" in caplog.text
    assert (desk.count("rejected"), desk.changes, desk.stale) == (1, 0, 1)
    desk.write(TWO)
    assert await desk.look() == ["two"]
    assert desk.stale == 0


async def test_a_file_that_goes_and_comes_back(desk: Desk) -> None:
    """Without its file the last version judges on: losing rules must not lose holds."""
    desk.file.unlink()
    assert await desk.look() == ["one"]
    assert desk.stale == 1
    desk.write(ONE)
    assert await desk.look() == ["one"]
    assert desk.stale == 0


async def test_a_change_while_it_was_first_read(tmp_path: Path) -> None:
    """What the files were like before they were read is what counts."""
    desk = Desk(tmp_path)
    seen = look_at([desk.file])
    desk.write(TWO)
    late = Rulebook(desk.book.current(), files=[desk.file], seen=seen, load=lambda: rules_in(desk.file))
    await late.look(desk.metrics, lambda: None)
    assert [rule.id for rule in late.current().rules] == ["two"]


async def test_a_failure_that_nobody_foresaw(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """It is reported without its words, and the last version judges on."""
    words = " ".join(["words", "of", "the", "rules"])

    def fails() -> Loaded:
        raise RuntimeError(words)

    book = Rulebook(desk.book.current(), files=[desk.file], seen=(None,), load=fails)
    await book.look(desk.metrics, lambda: None)
    assert [rule.id for rule in book.current().rules] == ["one"]
    assert "rules.rejected error=RuntimeError" in caplog.text
    assert "words of the rules" not in caplog.text


async def test_only_its_time_changes(desk: Desk) -> None:
    """The same content again is a version like any other."""
    os.utime(desk.file, ns=(1, 1))
    assert await desk.look() == ["one"]
    assert desk.count("loaded") == 1


async def test_it_reads_at_once_when_asked(desk: Desk) -> None:
    """Also a file that does not look changed, and one that changes while it is read."""
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(desk.book.watch(desk.metrics, desk._changed))
        for n in (1, 2):
            desk.book.ask()
            async with asyncio.timeout(30):
                while desk.changes < n:  # noqa: ASYNC110 (what it waits for is counted, not told)
                    await asyncio.sleep(0.01)
        watching.cancel()
    assert desk.loads >= 2
    assert desk.stale == 0


async def test_what_is_asked_for_may_have_a_fault(desk: Desk) -> None:
    """Then the last one goes on."""
    desk.write("version: [")
    desk.book.ask()
    assert await desk.look() == ["one"]
    assert desk.stale == 1
