"""Thin adapters between mitmproxy and the gate, in the order in which a connection meets them.

- `exchange`: one request on its way through the gate, and what may become of it
- `traffic`: which requests are under way
- `default_deny`: which protocols may start at all, and no upstream connection without a verdict
- `captured`: connections that were redirected here, and where they lead
- `connections`: limits and cleaning up on mitmproxy's connection handlers
- `tls`: TLS that does no more for each piece of data than it has to; `client_tls`: with the client, bounded
- `http1/`: our strict HTTP/1.1 layer, which reads, judges and forwards one and the same object
- `http2/`: mitmproxy's HTTP/2 layer, bounded
- `enforce`: the one hook that asks the gate, and the one catch-all that makes every failure a refusal
"""
