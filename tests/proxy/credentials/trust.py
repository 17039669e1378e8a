"""How tests reach token endpoints."""

import ssl
import time

from proxy.credentials.sources.endpoint import Endpoint


def endpoint(*, timeout: float = 10.0, trust: ssl.SSLContext | None = None) -> Endpoint:
    """With patience for a crowded machine."""
    return Endpoint(trust=trust or ssl.create_default_context(), now=time.time, timeout=timeout)
