"""What a call that no rule names most likely does, read from its operation and not from its method.

- `effect`: what a call may do, how grave that is, and the evidence for it
- `words`: names split into words; `lexicon`: what their verbs say; `naming`: what a name says
- `toggle`: collections whose members one call adds and one call takes away
- `places`: where a path names a thing and where an operation
- `sql`: statements; `aws`, `remote_call`: where families of APIs put their operations; `batch`: several
- `http`: the whole reading of a request; `tool`: that of an MCP tool call
- `reading`: the one way in

Verbs are a closed list. A word that is not on it says nothing, and what nothing speaks for is taken for a
change: only positive evidence makes a call a read or a reversible one, only at the place where servers of
that family look for the operation, and the gravest evidence stands.
"""
