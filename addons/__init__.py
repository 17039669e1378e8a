"""Thin adapters between mitmproxy and the gate, in the order in which a connection meets them.

- `exchange`: one request on its way through the gate, and what may become of it
- `default_deny`: which protocols may start at all, and no upstream connection without a verdict
- `http1`: our strict HTTP/1.1 layer: it reads, judges and forwards one and the same object
- `http2`: mitmproxy's HTTP/2 layer, with bounded bodies and a pinned destination
- `enforce`: the one hook that asks the gate, and the one catch-all that makes every failure a refusal
"""
