"""Keys and what they seal: nothing that Redis holds of a call can be read or exchanged.

- `settings`, `source`, `command`: where keys come from; `keyring`: wraps a data key for each hold
- `seal`, `sealed`: contents of holds, bound to all that stands in clear
- `signing`: decisions that only a console can have made
- `rotation`: from one key to the next, while everything goes on
"""
