"""Requests that are about to leave, and credentials for them."""

from proxy.credentials.header import Header
from proxy.credentials.sources.stated import Reference, Stated
from proxy.credentials.supply import Outgoing

OUTGOING = Outgoing(
    method="POST",
    scheme="https",
    host="bank.example",
    port=443,
    target="/transfers",
    fields=((b"Host", b"bank.example"), (b"Content-Length", b"2")),
    body=b"{}",
)


def header(
    reference: Reference, *, name: str = "bank", of: str = "Authorization", template: str = "Bearer {secret}"
) -> Header:
    """A header whose generation is its secret, so that tests can read it."""
    return Header(name=name, source=Stated(reference=reference, keyed=str), header=of, template=template)
