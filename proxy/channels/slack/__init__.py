"""Slack: a message for each hold, which follows it, with buttons where Slack is enough to decide.

- `message`: a hold as blocks, in which nothing that others wrote acts
- `posting`: the message posted and renewed
- `signed`: which requests are Slack's own, and heard once
- `interactions`: the route that decides by a button
"""
