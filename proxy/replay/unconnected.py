"""Why a connection to an upstream does not stand, in the words of TLS or of the system."""

import os
import ssl


def why_unconnected(error: BaseException) -> str:
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
