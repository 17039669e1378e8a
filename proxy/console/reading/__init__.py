"""What a reviewer is shown of holds.

- `board`: holds as they were last read; `lines`: what a list says of each
- `holds`: the newest in short; `whole`: one of them; `waiting`: the same as soon as it has changed
- `shown`: its members; `compared`: what it would change; `lesson`: what made it a drill, once that is over
- `packages`: what a person needs to decide about it; `contents`: all that would run
- `seen`: whether the reviewer was shown that; `receipts`: what became of it, signed
"""
