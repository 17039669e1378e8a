"""mitmproxy's TLS towards the client, with a bound on what a client may send before it is understood."""

from mitmproxy.proxy import layer
from mitmproxy.proxy.layers import ClientTLSLayer

MAX_HELLO_BYTES = 64 * 1024
"""Far over what real clients send, post-quantum keys included."""


class BoundedClientTls(ClientTLSLayer):
    """TLS with the client; the upstream's TLS is the business of whoever connects there."""

    def receive_handshake_data(self, data: bytes) -> layer.CommandGenerator[tuple[bool, str | None]]:
        """Stop a ClientHello that never ends; every piece of it would be read again from its start."""
        if not self.client_hello_parsed and len(self.recv_buffer) + len(data) > MAX_HELLO_BYTES:
            return False, f"the ClientHello is over {MAX_HELLO_BYTES} bytes"
        return (yield from super().receive_handshake_data(data))
