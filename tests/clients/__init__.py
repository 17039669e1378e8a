"""Real MCP clients and agent frameworks, each in its own environment, asked for calls one by one.

- `driven`: starts one and asks it
- `programs/`: their code, which runs outside our environment
"""
