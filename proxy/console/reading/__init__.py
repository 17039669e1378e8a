"""What a reviewer is shown of holds.

- `board`: holds as they were last read; `lines`: what a list says of each
- `holds`: the newest in short; `waiting`: one of them once it has changed; `whole`: all of it
- `shown`: its members; `compared`: what it would change
- `packages`: what a person needs to decide about it; `contents`: all that would run
- `seen`: whether the reviewer was shown that
"""
