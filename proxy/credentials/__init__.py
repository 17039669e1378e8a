"""Fresh credentials for replays: from where the operator said, for exactly one place, never the agent's.

- `sources/`: where a secret comes from
- `supply`: what a credential is given and what it gives
- `header`, `aws`, `certificate`: how a secret goes out with a request
- `credentials`: which credentials a call gets, by host and by name
- `injection`: secrets put in for the placeholders of requests that pass
- `unreadable`: which ones cannot be had now
- `entry`, `making`: what the configuration says, and the parts that it makes
"""
