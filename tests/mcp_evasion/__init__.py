"""MCP messages that say one thing to a gate and another to a server, through the real gate to real servers.

- `corpus`: the payloads; `wire`: their exact bytes sent; `judging`: which executions the gate saw
- `place`: five servers behind one sidecar; `posts`: payloads over HTTP; `lines`: over stdio
- `honest`: what clients send that mean no harm, none of which may be refused
"""
