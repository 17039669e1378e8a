"""What one data folder holds: private `files`, the `lock` of its one sidecar, the
`authority` that agents trust, what we `trust`, and
the `embedded` Redis-compatible server.
"""
