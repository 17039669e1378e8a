"""Holds in Redis: `store` applies each step as one script, `record` says how a hold is written and read.

- `connection`, `replicas`: to the server, and whether its replicas have a step too
- `records`: reading them; `store`: changing them, each time by one script
- `timing`: the clocks that each step starts; `deadlines`: what they end; `skew`: whether two clocks agree
- `events`: what has changed, in order
- `history`: what agents asked for lately, for the people who decide about their next call
"""
