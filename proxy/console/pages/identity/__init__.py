"""In, out, and what people see of themselves and of one another.

- `login`: by a token or a password, and out
- `elsewhere`: by a provider
- `account`: where one is logged in, and second factors
- `everybody`: who there is, for admins
"""
