"""People who log in at a provider (OpenID Connect Core 1.0), in the order in which it happens.

- `pending`: logins that have begun, each bound to one browser and good for one answer
- `provider`: what it publishes of itself, and the exchange of a code for an ID token
- `proof`: whether that token is a proof for this very login
- `persons`: who it is
"""
