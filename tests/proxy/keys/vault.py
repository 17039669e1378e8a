"""A vault of its own for tests: the key that it wraps with is in a file that only it reads.

`python vault.py FILE [FAULT]`; with a fault it does something else than its work.
"""

import base64
import json
import sys
import time
from pathlib import Path

from cryptography.fernet import Fernet

FAULTS = ("exit", "garbage", "hang", "flood", "other", "text", "list", "liar", "nothing")


def main() -> int:
    """Answer the one question on standard input."""
    file, fault = Path(sys.argv[1]), (sys.argv[2:] or [""])[0]
    question = json.loads(sys.stdin.readline())
    if fault and fault != "liar":
        return _fail(fault)
    fernet = Fernet(file.read_bytes())
    if question["operation"] == "wrap":
        wrapped = fernet.encrypt(base64.b64decode(question["plaintext"], validate=True))
        answer = {"ciphertext": f"vault:v1:{wrapped.decode()}"}
    else:
        plain = fernet.decrypt(question["ciphertext"].removeprefix("vault:v1:").encode())
        answer = {"plaintext": base64.b64encode(b"x" * 32 if fault == "liar" else plain).decode()}
    sys.stdout.write(json.dumps(answer))
    return 0


def _fail(fault: str) -> int:
    if fault == "hang":
        time.sleep(600)  # it is ended long before
    said = {"garbage": "}{", "other": '{"x": 1}', "text": '{"ciphertext": 7}', "list": "[]"}
    sys.stdout.write("x" * 10_000_000 if fault == "flood" else said.get(fault, ""))
    return 1 if fault == "exit" else 0


if __name__ == "__main__":
    sys.exit(main())
