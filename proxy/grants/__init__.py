"""What leads let run without being asked about each call: `kept` (in the store, signed and sealed), `spent`
(what this machine knows of it besides).
"""
