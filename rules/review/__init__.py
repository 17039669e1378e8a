"""What a person is shown of a held call, in the order in which it is made.

- `inert`: text that others wrote, for each surface: it can neither act, nor hide, nor pass for our words
- `lookalike`: hosts that read like other ones
- `excerpt`: long text cut to what a page has room for, with its length and what it hides
- `reasoning`: what the agent says for itself
- `money`, `reach`: the sum that a call moves, and whom and how much it touches
- `wording`: what a call does, in plain words
- `part`: what would run, and what of it has to be opened before anybody may approve
- `past`: what the agent asked for before
- `package`: all of it as values; `facts`: how they are put together
- `document`: a package as JSON of a bounded size, with the hash that an approval names
"""
