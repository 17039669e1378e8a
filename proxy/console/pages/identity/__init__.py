"""In and out.

- `login`: by a token or a password, and out
"""
