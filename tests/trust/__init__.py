"""Which HTTP clients come to the gate and trust it, tried under `sidegate exec` in both of its ways.

`python -m tests.trust` writes the table in docs/trust.md. `clients`: what each runs; `trying`: one run of one
client; `table`: the results as a page.
"""
