"""Keys and what is done with them: `source` and `command` bring them, `keyring` wraps, `signing` signs."""
