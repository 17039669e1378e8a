"""What people decide about holds, and the one place through which all of it goes.

- `deciding`: the choke point; `may`: who may do what; `votes`: what speaks for a hold so far
- `decisions`, `resolving`: the API's routes
"""
