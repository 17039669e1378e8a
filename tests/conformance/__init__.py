"""The protocol's own conformance suite, run directly and through the sidecar: both must say the same.

- `programs/`: the server and the client that the suite asks for
"""
