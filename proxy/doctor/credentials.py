"""The secrets that the configuration names: whether they can be read from here."""

from collections.abc import Iterator, Sequence

from proxy.credentials.entry import CredentialEntry
from proxy.credentials.unreadable import unreadable
from proxy.doctor.finding import Finding, doubt, ok

_CHECK = "credentials"
_CURE = (
    "until then no approved call that needs it runs; run this as the sidecar's user and in its environment, "
    "or look for `credential.unreadable` in its log"
)


def examine(entries: Sequence[CredentialEntry]) -> Iterator[Finding]:
    """A doubt for each that cannot be read: the sidecar may have another environment than this process."""
    missing = unreadable(entries)
    for one in missing:
        yield doubt(_CHECK, f"the credential `{one.credential}` cannot be read: {one.why}", _CURE)
    if entries and not missing:
        yield ok(
            _CHECK, "every configured credential can be read, as far as that shows without asking for it"
        )
