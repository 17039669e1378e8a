"""What waits and what became of it, told to people and programs outside the console.

- `settings`: what the configuration says of channels; `place`: what they share while Sidegate runs
- `queue`: what has to be told, in Redis, in order for each hold; `dispatch`: telling it until it is told
- `outgoing`: one bounded request to a checked address
- `webhook`: signed posts to programs; `slack/`: messages with buttons; `mail/`: letters with links
- `deliveries`: what could not be told, and telling it again; `making`: the configured channels, made
- `routes`: the addresses at which people answer from there; `told`: a hold for people there

A channel that fails holds up neither a hold nor a decision: nothing waits for it.
"""
