"""Ground truth: what tells afterwards whether verdicts and decisions were right.

- `labels`: what people say of holds and of calls that passed
- `pace`: how long people look before they decide, and whether in time
- `drills`: calls that nobody asked for, put among the held ones; `settings`: how often
- `passes`: a few of the calls that passed; `sampling`: which
- `evaluated`: what `sidegate eval` has found, served with the metrics
"""
