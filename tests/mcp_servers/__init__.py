"""MCP servers on the SDKs that others build on, each in its own environment.

Their tools are `safe`, `danger` (text) and `pay` (with an output schema). They write down what they execute.

- `running`: starts one
- `programs/`: their code, which runs outside our environment
"""
