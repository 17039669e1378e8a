"""In and out.

- `login`: by a token or a password, and out
- `elsewhere`: by a provider
"""
