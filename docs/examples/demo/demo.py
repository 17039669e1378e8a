"""`make demo`: a story in a terminal. An agent wants to pay; nobody believes it until a person looked.

Every sentence that states a fact is checked against the bank's own books; a wrong one ends the demo.
"""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from upstreams import certificate

HERE = Path(__file__).parent
SIDEGATE = [sys.executable, "-m", "sidegate"]
PAYMENT = {"to": "Globex GmbH", "iban": "DE02120300000000202051", "amount": 4800, "currency": "USD"}
MAIL = {"to": "all-customers@example.com", "subject": "We are closing", "text": "Goodbye."}


class Story:
    """The sidecar, the upstreams and the agent of one telling.

    Each has a session of its own: a Ctrl-C is the story's, which ends them in order.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.bank, self.proxy, self.console = _free_port(), _free_port(), _free_port()
        self.url = f"https://localhost:{self.bank}"
        self.serving: subprocess.Popen[bytes] | None = None

    def start_upstreams(self, stack: ExitStack) -> None:
        """The bank and the mail server."""
        certificate(self.folder)
        command = [sys.executable, str(HERE / "upstreams.py"), str(self.bank), str(self.folder)]
        process = stack.enter_context(subprocess.Popen(command, start_new_session=True))  # noqa: S603
        stack.callback(process.terminate)
        _until(lambda: self.books() is not None)

    def start_sidecar(self) -> None:
        """`sidegate serve`, as an operator would start it."""
        log = (self.folder / "sidegate.log").open("ab")
        command = [
            *SIDEGATE,
            "serve",
            *("--listen", f"127.0.0.1:{self.proxy}", "--console", f"127.0.0.1:{self.console}"),
            *("--data-dir", str(self.data_dir), "--upstream-ca", str(self.folder / "cert.pem")),
            *("--config", str(HERE / "config.yaml"), "--rules", str(HERE / "rules.yaml")),
        ]
        environment = os.environ | {"DEMO_BANK_TOKEN": "fresh-token"}
        self.serving = subprocess.Popen(  # noqa: S603
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        log.close()
        _until(lambda: _reads(f"http://127.0.0.1:{self.console}/readyz") is not None)

    def crash_sidecar(self) -> None:
        """No chance to say goodbye."""
        if self.serving is not None:
            self.serving.kill()
            self.serving.wait()

    def stop_sidecar(self) -> None:
        """Ctrl-C."""
        if self.serving is not None and self.serving.poll() is None:
            self.serving.send_signal(signal.SIGINT)
            self.serving.wait(20)

    def log(self) -> str:
        """What the sidecar has said."""
        path = self.folder / "sidegate.log"
        return path.read_text() if path.exists() else ""

    def agent(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the agent once, through `sidegate exec`, with a token that expired long ago."""
        said = self.sidegate(
            *("exec", "--quiet", "--", sys.executable, str(HERE / "agent.py"), method, self.url + path),
            *([json.dumps(body)] if body else []),
        )
        heard: dict[str, Any] = json.loads(said)
        return heard

    def sidegate(self, command: str, *arguments: str) -> str:
        """A `sidegate` command of the reviewer or the operator."""
        line = [*SIDEGATE, command, "--data-dir", str(self.data_dir), *arguments]
        environment = os.environ | {"AGENT_TOKEN": "expired-token"}
        done = subprocess.run(  # noqa: S603
            line, env=environment, check=True, stdout=subprocess.PIPE, timeout=30, start_new_session=True
        )
        return done.stdout.decode()

    def hold(self, hold_id: str) -> dict[str, Any]:
        """One hold, as the reviewer's API tells it."""
        found: dict[str, Any] = json.loads(self.sidegate("holds", hold_id, "--json"))
        return found.get("hold", found)

    def books(self) -> dict[str, list[Any]] | None:
        """What the bank and the mail server really did, read without the gate in between."""
        return _reads(f"{self.url}/books", self.folder / "cert.pem")


def tell(story: Story) -> None:
    """The story, in order."""
    say("An agent keeps the books of a company. Every call it makes goes through Sidegate.")
    say("It reads the balance. Reading changes nothing, so it passes at once:")
    heard = story.agent("GET", "/v1/account")
    show(f"{heard['status']} {heard['body']}")
    fact(heard["status"] == 200, "the balance was read")

    say("Something it read tells it to mail all customers. A rule puts that in tier 3:")
    heard = story.agent("POST", "/v1/messages", MAIL)
    show(f"{heard['status']} {heard['reason']}")
    fact(heard["status"] == 403 and story.books()["messages"] == [], "no mail was sent")
    story.sidegate("reject", heard["hold"], "--reason", "nobody asked for this")
    heard = story.agent("POST", "/v1/messages", MAIL)
    show(f"it tries again: {heard['status']} {heard['reason']}")
    fact(story.books()["messages"] == [], "a denial is remembered; still no mail")

    say("Now an invoice over 4,800 dollars is due. Money is tier 4, so a person has to look:")
    heard = story.agent("POST", "/v1/transfers", PAYMENT)
    hold_id = heard["hold"]
    show(f"{heard['status']} {heard['reason']}")
    fact(story.books()["transfers"] == [], "the bank has heard nothing")

    say("The agent is gone. And now the sidecar is killed, without warning:")
    story.crash_sidecar()
    show("kill -9 ... and started again")
    story.start_sidecar()
    fact(story.hold(hold_id)["state"] == "pending", "the payment is still held, as it was")

    say("In the afternoon, the reviewer reads what exactly would run, and approves it:")
    shown = story.sidegate("holds", hold_id)
    show("\n".join(shown.splitlines()[:12]))
    story.sidegate("approve", hold_id, "--yes")
    _until(lambda: story.hold(hold_id)["state"] == "executed")
    booked = story.books()["transfers"]
    fact(len(booked) == 1, "the bank has booked it once, with a fresh token, the agent being gone")
    fact({k: booked[0][k] for k in PAYMENT} == PAYMENT, "what ran is what was approved")

    say("The agent comes back and asks for the same payment again. It hears what happened:")
    heard = story.agent("POST", "/v1/transfers", PAYMENT)
    show(f"{heard['status']} {heard['body']}")
    fact(heard["status"] == 201 and len(story.books()["transfers"]) == 1, "the bank still has one")


def main() -> int:
    """Tell it once; 0 if every fact was true."""
    started = monotonic()
    with tempfile.TemporaryDirectory(prefix="sidegate-demo-", dir="/tmp") as folder, ExitStack() as stack:
        story = Story(Path(folder))
        stack.callback(story.stop_sidecar)
        try:
            story.start_upstreams(stack)
            story.start_sidecar()
            tell(story)
        except KeyboardInterrupt:
            print("\nthe story was broken off: all that it started is ended", file=sys.stderr)  # noqa: T201
            return 130
        except (AssertionError, subprocess.SubprocessError, KeyError, TypeError) as error:
            print(f"\nthe story went wrong: {error!r}", file=sys.stderr)  # noqa: T201
            print(story.log(), file=sys.stderr)  # noqa: T201
            return 1
    say(f"That was all, in {monotonic() - started:.0f} seconds. The next step is the README.")
    return 0


def say(text: str) -> None:
    """A sentence of the narrator."""
    print(f"\n\033[1m{text}\033[0m", flush=True)  # noqa: T201


def show(text: str) -> None:
    """What a terminal or a wire said."""
    print("\n".join(f"    {line}" for line in text.splitlines()), flush=True)  # noqa: T201


def fact(true: bool, text: str) -> None:
    """State a fact, if it is one."""
    if not true:
        raise AssertionError(f"this was not so: {text}")
    print(f"  \033[32m✓\033[0m {text}", flush=True)  # noqa: T201


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _reads(url: str, authority: Path | None = None) -> dict[str, list[Any]] | None:
    context = ssl.create_default_context(cafile=authority) if authority else None
    try:
        with urllib.request.urlopen(url, timeout=5, context=context) as answer:  # noqa: S310
            found: dict[str, list[Any]] = json.load(answer)
            return found
    except OSError:
        return None


def _until(true: Any, seconds: float = 20.0) -> None:
    end = monotonic() + seconds
    while not true():
        if monotonic() > end:
            raise AssertionError("waited too long")
        sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
