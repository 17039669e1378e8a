"""What waits, live on a terminal: the parts of `sidegate review`.

- `desk`: what lies there, what is looked at, and what each key means; it asks for things and does none
- `picture`: the desk as lines that fit a terminal
- `keyboard`: a terminal that gives keys and takes pictures, and is left as it was
- `feed`: wakes the loop when holds have changed
"""
