"""Drills: calls that nobody asked for, made of real held ones, to see whether reviewers look.

- `drill`: what a drill is, what may be answered, and what is said of it afterwards
- `places`: where in a call something stands that a violation would change; `mutation`: into what
- `making`: the changed call, which carries a mark that keeps it from ever running
"""
