"""HTTP/1.1 by our own strict reading.

- `head`, `body`: heads and bodies on the wire; `intake`: whole requests from them
- `destination`: where a request goes
- `layer`: reads a request, has it judged, forwards it by `upstream`, and gives the client an `answer`
"""
