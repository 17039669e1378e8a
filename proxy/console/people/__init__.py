"""Who may decide, in the order in which a person comes in.

- `entry`: what the configuration says of people
- `users`: people with a password; `tokens`: what programs have in place of one
- `directory`: who is who, whichever way they come
- `attempts`: how often somebody may try
- `elsewhere/`: people who log in at a provider
- `sessions`: who is logged in
- `factors/`: a second factor, asked for each decision of some tiers
- `asking`: the question whether a person may do something
"""
