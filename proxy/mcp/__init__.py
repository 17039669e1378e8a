"""Tool calls on their way through the gate, from the ground up.

- `continuing`: what servers have asked back about approved calls
- `desk`: one call judged, held, waited for, run and told of, whatever carries it
- `pinned`, `shelf`: what is known of a server's tools
- `lines`: lines of bounded length; `child`: the server's process
- `calls`: our own requests on a session
- `session`: one stdio session between an agent and a server; `stdio`: its composition;
  `standard`: its streams
- `servers`: servers over HTTP in the configuration; `authorization`: where their tokens are got
- `streams`: those of the oldest carrier; `answers`: what servers say on its way back
- `endpoint`, `http_courier`, `http`: messages inside of requests; `own_session`: without the agent
"""
