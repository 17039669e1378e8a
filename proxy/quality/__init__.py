"""Ground truth: what tells afterwards whether verdicts and decisions were right.

- `labels`: what people say of holds and of calls that passed
- `pace`: how long people look before they decide, and whether in time
"""
