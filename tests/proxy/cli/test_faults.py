"""What is said of an error that keeps a program from starting."""

import pytest

from proxy.cli.faults import in_words

ERRORS: dict[str, tuple[Exception, str]] = {
    "another user's folder": (
        PermissionError(1, "Operation not permitted", "/d"),
        "`/d` cannot be used (Operation not permitted): run this as the sidecar's user, or give another path",
    ),
    "nothing there": (
        FileNotFoundError(2, "No such file or directory", "/d"),
        "`/d` cannot be used (No such file or directory): correct it, or give another path",
    ),
    "no file": (OSError(98, "Address in use"), "[Errno 98] Address in use"),
    "our own": (ValueError("it is wrong: correct it"), "it is wrong: correct it"),
    "our own of a mode": (PermissionError("run `chmod 600 x`"), "run `chmod 600 x`"),
}


@pytest.mark.parametrize(("error", "said"), ERRORS.values(), ids=ERRORS)
def test_an_error_in_words(error: Exception, said: str) -> None:
    """With its file and a cure, where it has none of its own."""
    assert in_words(error) == said
