"""What mitmproxy's TLS does for each piece of data, without what only costs."""

from mitmproxy.proxy import commands, layer
from mitmproxy.proxy.layers import ServerTLSLayer
from mitmproxy.proxy.layers.tls import TLSLayer
from OpenSSL import SSL

_MOST_BYTES = 65535


class FrugalTls(TLSLayer):
    """TLS that takes what is to be sent in as few steps as there are full buffers of it."""

    def tls_interact(self) -> layer.CommandGenerator[None]:
        """Send what waits to be sent; after less than a full buffer there is nothing more.

        To be told so by an exception would cost as much as the encryption of a small answer.
        """
        taken = _MOST_BYTES
        while taken == _MOST_BYTES:
            try:
                data = self.tls.bio_read(_MOST_BYTES)
            except SSL.WantReadError:
                return
            taken = len(data)
            yield commands.SendData(self.conn, data)


class UpstreamTls(FrugalTls, ServerTLSLayer):
    """TLS towards an upstream."""
