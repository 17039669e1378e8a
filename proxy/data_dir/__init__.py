"""What one data folder holds: private `files`, the `lock` of its one sidecar, certificates (`trust`), and
the `embedded` Redis-compatible server.
"""
