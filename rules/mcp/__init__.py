"""The Model Context Protocol, apart from what carries it: lines of stdio or bodies of HTTP.

- `message`: the four kinds of message, and how we write them
- `wire`: one strict reading of bytes, as a message or a refusal
- `versions`, `methods`: what the protocol's versions are, and what each method does
- `headers`: that the HTTP headers say what the body says; `authorization`: where tokens are got
- `meaning`: what a message asks for; `weighing`: how grave that is
- `action`: the immutable binding of a tool call
- `pins`, `difference`: whether a server's tools changed, and how; `listing`: the list that the agent gets
- `stream`, `looking`: answers edited or looked at as they pass; `suspect`: what they give away; `legacy`: the
  oldest carrier over HTTP; `carried`, `passing`: what is in a request, and in an answer
- `tasks`: held calls as tasks; `answer`: what the agent hears; `continuing`: what a server asks back
"""
