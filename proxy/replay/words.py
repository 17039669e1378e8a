"""What happened to a request, in words that hold nothing of it or of its answer."""

import os
import ssl

import httpx2

from proxy.credentials.sources.secret import CredentialError
from proxy.replay.line import Unsent
from proxy.store.record import StoreUnavailable


def why(error: BaseException) -> str:
    """What happened, without anything that the request or the answer said."""
    match error:
        case Unsent() | CredentialError() | StoreUnavailable():
            return str(error)
        case httpx2.ConnectTimeout():
            return "the upstream did not take a connection in time"
        case httpx2.ConnectError():
            return _why_unconnected(error)
        case TimeoutError():
            return "the time for the upstream ran out"
        case ConnectionError():
            return "the session with the server ended before its answer was there"
        case _:
            return "the connection to the upstream ended before its whole answer was there"


def _why_unconnected(error: BaseException) -> str:
    """What TLS or the system says of a connection that does not stand: in their words, not the upstream's."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"the upstream's certificate is not valid: {cause.verify_message.rstrip('.')}"
            case ssl.SSLError(reason=str() as reason):
                return f"TLS with the upstream failed: {reason.replace('_', ' ').lower()}"
            case OSError(errno=int() as number) if not isinstance(cause, ssl.SSLError):
                return f"no connection to the upstream: {os.strerror(number).lower()}"
        cause = cause.__cause__ or cause.__context__
    return "no connection to the upstream"
