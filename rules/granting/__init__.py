"""Letting some calls run without asking a person about each: `likeness` (what calls have to have in common),
`grant` (who lets how many of them run until when, as one statement to be signed, and what speaks against it).
"""
