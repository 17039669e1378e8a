"""Real MCP clients and agent frameworks, each in its own environment, asked for calls one by one.

- `driven`: starts one and asks it
- `stage`: the sidecar and the server between which they stand; `trial`: what becomes of a held call in one
- `table`: what a run found, as it stands in the documentation
- `programs/`: their code, which runs outside our environment
"""
