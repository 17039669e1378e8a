"""An agent that knows nothing of Sidegate: it reads an account, wants to pay, and hears what became of it."""

import json
import os
import sys
import time
import urllib.request
from dataclasses import dataclass
from email.message import Message
from urllib.error import HTTPError

_BANK = os.environ.get("BANK_URL", "https://bank.example:8443")
_ACCOUNT = f"{_BANK}/accounts/7"
_PAYMENTS = f"{_BANK}/payments"
_PAYMENT = json.dumps({"to": "ACME Ltd", "amount": "120.00", "currency": "EUR"}).encode()
_OPEN = {"pending", "approved", "claimed", "sending"}
_PAUSE = 1.0
_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: Message
    body: str


def main() -> int:
    """Return 0 when the payment was made, 1 when it was not."""
    account = _send(_ACCOUNT)
    _say(f"GET {_ACCOUNT}: {account.status} {account.body}")
    payment = _send(_PAYMENTS, _PAYMENT)
    _say(f"POST {_PAYMENTS}: {payment.status} {payment.body}")
    hold_id = payment.headers.get("Sidegate-Hold")
    if hold_id and json.loads(payment.body)["state"] in _OPEN:
        _say(f"held: docker compose exec sidegate sidegate approve --yes {hold_id}")
        _say(f"the hold is now {_await_outcome(hold_id)}")
        payment = _send(_PAYMENTS, _PAYMENT)
        _say(f"the same POST again: {payment.status} {payment.body}")
    return 0 if payment.status < 400 else 1


def _await_outcome(hold_id: str) -> str:
    """Read the hold's status, which the proxy answers itself, until it can change no more."""
    while True:
        answer = _send(f"http://sidegate.internal/holds/{hold_id}")
        state = str(json.loads(answer.body).get("state", ""))
        if answer.status == 200 and state not in _OPEN:
            return state
        time.sleep(_PAUSE)


def _send(url: str, body: bytes | None = None) -> Answer:
    """GET `url`, or POST `body` to it, through the proxy that the environment names."""
    headers = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 (own addresses)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            return Answer(status=answer.status, headers=answer.headers, body=answer.read().decode())
    except HTTPError as error:
        with error:
            return Answer(status=error.code, headers=error.headers, body=error.read().decode())


def _say(text: str) -> None:
    sys.stdout.write(f"agent: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
