"""`python -m tests.crash.nursery`: starts sidecars for whoever writes orders to its standard input.

Everything is imported once; each sidecar is a fork with a memory, a loop and sockets of its own, so that
a kill costs a start of tenths of a second. An order is a line of JSON, the answer a line with the pid.
"""

import gc
import json
import os
import select
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from proxy.packs import load_packs
from tests.crash.points import plant

_REAP_SECONDS = 0.2


def main() -> None:
    """Serve orders until there are no more."""
    import_module("proxy.cli.serve")
    load_packs()
    gc.collect()
    gc.freeze()
    orders = b""
    while True:
        readable, _, _ = select.select([0], [], [], _REAP_SECONDS)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        if not readable:
            continue
        piece = os.read(0, 65_536)
        if not piece:
            return
        *lines, orders = (orders + piece).split(b"\n")
        for line in lines:
            os.write(1, b"%d\n" % _started(json.loads(line)))


def _started(order: dict[str, Any]) -> int:
    if pid := os.fork():
        return pid
    code = 70
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        for stream in (1, 2):
            os.dup2(log, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(order["environment"])
        plant(Path(order["when"]))
        code = import_module("proxy.cli").main(order["arguments"])
    finally:
        # Not back into the nursery's own loop, whatever happened.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
