"""What a call that no rule names most likely does, read from its operation and not from its method.

- `effect`: what a call may do, how grave that is, and the evidence for it
- `names/`: what names of operations say, and where paths hold them
- `toggle`: small things that one call puts on a thing and one call takes off
- `families/`: where families of APIs put the operation
- `batch/`: several requests in one
- `named_inside`: operations that arguments and bodies name
- `carried`: what makes a change grave: the kind of thing in its path, money, recipients or rights in its body
- `anywhere`: actions and statements by names that mean the same at every path
- `soap`: the operation that an envelope names
- `override`: requests that ask to be treated as another method
- `http`: the whole reading of a request
- `own_thing`: what people keep for themselves; `tool`: the whole reading of an MCP tool call
- `reading`: the one way in

Verbs are a closed list. A word that is not on it says nothing, and what nothing speaks for is taken for a
change: only positive evidence makes a call a read or a reversible one, only at the place where servers of
that family look for the operation, and the gravest evidence stands.
"""
