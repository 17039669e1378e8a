"""mitmproxy's TLS towards the client, with a bound on what a client may send before it is understood."""

from mitmproxy.proxy import layer
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.proxy.layers.tls import TLSLayer

from addons.tls import FrugalTls

MAX_HELLO_BYTES = 64 * 1024
"""Far over what real clients send, post-quantum keys included."""


_DISTRUST = ("unknown ca", "bad certificate", "certificate unknown")
_MALFORMED = ("Cannot parse ClientHello", "the ClientHello is over")


class BoundedClientTls(FrugalTls, ClientTLSLayer):
    """TLS with the client; the upstream's TLS is the business of whoever connects there."""

    def receive_handshake_data(self, data: bytes) -> layer.CommandGenerator[tuple[bool, str | None]]:
        """Stop a ClientHello that never ends; every piece of it would be read again from its start."""
        if not self.client_hello_parsed and len(self.recv_buffer) + len(data) > MAX_HELLO_BYTES:
            return False, f"the ClientHello is over {MAX_HELLO_BYTES} bytes"
        return (yield from super().receive_handshake_data(data))

    def on_handshake_error(self, err: str) -> layer.CommandGenerator[None]:
        """End the connection without mitmproxy's line in the log, which holds what the client sent."""
        yield from TLSLayer.on_handshake_error(self, err)
        self.event_to_child = self.errored  # type: ignore[method-assign]


def why_failed(error: str) -> str:
    """In one word, why a handshake failed: mitmproxy's `error` may hold what the client sent."""
    if any(alert in error for alert in _DISTRUST):
        return "distrusted"
    if error.startswith("connection closed"):
        return "left"
    return "malformed" if error.startswith(_MALFORMED) else "failed"
