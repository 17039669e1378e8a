"""Configurations of MCP clients: where they are, and their servers put behind the gate and taken out.

- `known`: which clients there are, and where their files are
- `entry`: one server's command in a file, and the changes of text that wrap it
- `jsonc`: JSON with comments, and where in the text each value stands
- `json_file`, `toml_file`: the servers in a file of either kind
- `file`: a file read, changed with a backup beside it, and restored
"""
