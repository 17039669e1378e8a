"""Keys: `settings`, `source` and `command` bring them, `keyring` wraps data keys, `signing` decisions."""
