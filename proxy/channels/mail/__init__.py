"""Mail: a letter to each reviewer about what waits, with a link that lets this one person decide once.

- `links`: what a link says, sealed by the console
- `letter`: a hold as a letter; `sending`: letters handed to a server
- `posting`: a letter for each new hold
- `answering`: the pages behind the links: looking decides nothing, a button does
"""
