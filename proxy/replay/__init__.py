"""Running what was approved, once.

- `worker`: takes approved holds; `replayer`: claims one and checks it again
- `line`, `journal`: what is written down before the first byte
- `exchange`: the one request; `courier`: what carries a tool call; `repeating`: when a second one may follow
- `unknowns`: finds out what became of what may have been sent; `words`: why something failed
"""
