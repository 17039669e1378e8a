"""MCP's conformance suite, direct and through the gate: what it says has to be the same, line by line.

- `suite`: runs it; `behind`: its client with a sidecar of its own
- `programs/`: the server and the client that it asks for, which run outside our environment
"""
