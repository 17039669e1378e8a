"""The console that the review scenario looks at."""

import json
import subprocess
import sys

import httpx2

from tests.proxy.console.world import TOKENS


def test_it_serves_the_holds_that_it_was_asked_for_and_adds_more() -> None:
    """And ends with its standard input."""
    command = [sys.executable, "-m", "tests.bench.crowded_console", "3"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as console:
        assert console.stdin is not None
        assert console.stdout is not None
        url = json.loads(console.stdout.readline())["url"]
        headers = {"Authorization": f"Bearer {TOKENS['ada']}"}
        with httpx2.Client(base_url=url, headers=headers) as api:
            assert len(api.get("/api/holds").json()["holds"]) == 3
            console.stdin.write("0\n")
            console.stdin.flush()
            for _ in range(1000):
                if len(api.get("/api/holds").json()["holds"]) == 4:
                    break
            else:
                raise AssertionError("the hold was not added")
        console.stdin.close()
        assert console.wait(20) == 0
