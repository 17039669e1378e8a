"""Tool calls on their way through the gate, from the ground up.

- `desk`: one call judged, held, waited for, run and told of, whatever carries it
- `shelf`: what is known of a server's tools
- `lines`: lines of bounded length; `child`: the server's process
- `session`: one stdio session between an agent and a server; `stdio`: its composition
"""
