"""Grants: `granting` (giving one, and taking it back), `grants` (the API's routes), `using` (new holds that
are decided by one).
"""
