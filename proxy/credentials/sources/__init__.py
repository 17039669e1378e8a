"""Where secrets come from.

- `secret`: what a source gives
- `stated`, `command`, `vault`: secrets that somebody else keeps and changes
- `endpoint`, `answer`: the requests to token endpoints, and what is believed of their answers
- `grants`, `assertions`: the ways to a new token
- `shelf`, `renewed`: tokens that are kept, and renewed once for all processes
"""
