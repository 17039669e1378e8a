"""What one data folder holds: private `files`, small `ledger`s that several processes change, the
`lock` of its one sidecar, the `authority` that agents trust, what we `trust`, and
the `embedded` Redis-compatible server.
"""
