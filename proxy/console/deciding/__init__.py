"""What people decide about holds, and the one place through which all of it goes.

- `votes`: what speaks for a hold so far; whether somebody may is asked where the hold is found
- `deciding`: yes, no, and what became of it; `editing`: changing what it asks for; `talking`: the rest
- `decisions`, `batches`, `resolving`, `edits`, `talks`: the API's routes
"""
