"""What all rules files that are made have in common: `text` (values and comments in them), and `payload`
(which calls a rule by the path would keep from being read).
"""
