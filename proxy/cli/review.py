"""`sidegate review`: what waits, live on a terminal, and deciding about it with single keys."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from proxy.cli.live.desk import Desk, Do, Mode, Page
from proxy.cli.live.feed import feeding
from proxy.cli.live.keyboard import Keyboard, borrowed, keys
from proxy.cli.live.picture import picture
from proxy.cli.package import to_open
from proxy.cli.remote import Console, Negative, console, find, finish, hold_path
from proxy.cli.shown import whole
from proxy.cli.terminal import block, folded
from rules.review.inert import visible

_MOST = 200
_TICK_SECONDS = 1.0


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("review", help="decide about what waits, live on a terminal")
    finish(parser, run)


def run(args: argparse.Namespace) -> int:
    """Show what waits until the person leaves."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Negative(
            "this needs a terminal: use `sidegate holds`, `approve` and `reject` in scripts", code=2
        )
    with console(args.data_dir) as api, _pipe() as (read, write), feeding(api, write) as changed:
        desk = Desk(link=find(args.data_dir).console)
        with borrowed(read, write) as keyboard:
            _Review(api, desk, keyboard).until_left(changed)
    return 0


class _Review:
    """The loop between the desk, the terminal and the console."""

    def __init__(self, api: Console, desk: Desk, keyboard: Keyboard) -> None:
        self._api = api
        self._desk = desk
        self._keyboard = keyboard
        self._size = keyboard.size

    def until_left(self, changed: Any) -> None:
        while True:
            if changed():
                self._told(self._read)
            if self._keyboard.size != self._size:
                # Its lines were broken for another width, and some of them may have been cut.
                self._desk.page = None
            if self._desk.chosen and self._desk.page is None:
                self._told(self._open)
            self._show()
            typed = keys(self._keyboard.wait(_TICK_SECONDS))
            # Of what was pasted or typed ahead, only a reason is taken: nobody has seen what the rest is for.
            for key in typed if self._desk.mode is Mode.REASON else typed[:1]:
                do = self._desk.press(key)
                if do is Do.QUIT:
                    return
                if do is not None:
                    self._told(lambda do=do: self._decide(do))

    def _show(self) -> None:
        columns, rows = self._size = self._keyboard.size
        now = datetime.now(UTC).isoformat()
        self._keyboard.show(picture(self._desk, columns=columns, rows=rows, now=now))

    def _told(self, work: Any) -> None:
        """Do it; what the console says against it is said on the desk."""
        try:
            work()
        except Negative as negative:
            self._desk.said = str(negative)

    def _read(self) -> None:
        listed = self._api.ask("GET", "/api/holds", params={"state": "pending", "limit": str(_MOST)})
        self._desk.lay(sorted(listed["holds"], key=lambda hold: (hold["decide_by"], hold["hold_id"])))
        page = self._desk.page
        if page is not None and self._shown(page.hold["hold_id"])["hold"]["package"] != page.hold["package"]:
            self._desk.page = None

    def _open(self) -> None:
        members = self._shown(self._desk.chosen)
        hold = members["hold"]
        lines, viewed = whole(hold, now=members["now"]).split("\n"), []
        for name, why in to_open(hold).items() if hold["state"] == "pending" else ():
            lines.append(visible(f"the whole {name}, because {why}:"))
            part, digest = self._part(hold["hold_id"], name)
            lines += part
            viewed.append(digest)
        self._desk.open(Page(hold=hold, lines=list(folded(lines)), viewed=viewed))

    def _part(self, hold_id: str, name: str) -> tuple[list[str], str]:
        """All of one part, and the hash that says so."""
        lines: list[str] = []
        page: dict[str, Any] = {"next": 0}
        while page["next"] is not None:
            query = {"part": name, "offset": str(page["next"])}
            page = self._api.ask("GET", f"{hold_path(hold_id)}/content", params=query)["content"]
            lines += block(page["text"])
        return lines, str(page["sha256"])

    def _shown(self, hold_id: str) -> dict[str, Any]:
        return self._api.ask("GET", hold_path(hold_id))

    def _decide(self, do: Do) -> None:
        page = self._desk.page
        if page is None:
            return
        hold, path = page.hold, hold_path(page.hold["hold_id"])
        if do is Do.REJECT:
            decided = self._api.ask("POST", f"{path}/reject", json={"reason": self._desk.typed})
        else:
            seen = {"digest": hold["digest"], "preview": hold["package"]["preview"]}
            decided = self._api.ask("POST", f"{path}/approve", json={**seen, "viewed": list(page.viewed)})
        self._desk.said = f"hold {hold['hold_id']} {decided['hold']['standing']}"
        self._read()


@contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        yield read, write
    finally:
        # Whoever still writes to it finds it closed, and not another file in its place.
        os.close(read)
        os.close(write)
