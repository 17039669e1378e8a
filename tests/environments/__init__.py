"""Programs that cannot share our environment, in fixed versions: `python/` and `node/` hold their lock files.

- `locked`: makes an environment from one
"""
