"""The demo's agent: any program that makes HTTP calls. It knows nothing of Sidegate but its environment."""

import json
import os
import sys

import httpx2


def main() -> None:
    """Make the one call that the command line names, and say what came back."""
    method, url, *body = sys.argv[1:]
    with httpx2.Client(timeout=30) as client:
        answer = client.request(
            method,
            url,
            json=json.loads(body[0]) if body else None,
            headers={"Authorization": f"Bearer {os.environ['AGENT_TOKEN']}"},
        )
    head = {"status": answer.status_code, "reason": answer.reason_phrase}
    print(json.dumps(head | {"hold": answer.headers.get("sidegate-hold"), "body": answer.text}))  # noqa: T201


if __name__ == "__main__":
    main()
