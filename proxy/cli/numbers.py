"""Ports, user ids and counts as flags give them."""

import argparse


def port(text: str) -> int:
    """A port of TCP or UDP."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"`{text}` is no port; give one from 1 to 65535")
    return int(text)


def ports(text: str) -> tuple[int, ...]:
    """Several of them, or `any`, which is none in particular."""
    return () if text == "any" else tuple(sorted({port(part) for part in text.split(",")}))


def count(text: str) -> int:
    """How many of something, at least one."""
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"`{text}` is no whole number; give one from 1 on")
    return int(text)


def user(text: str) -> int:
    """A user's number; names are the business of each container."""
    if not text.isdecimal() or int(text) >= 2**32 - 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no user id; give its number")
    return int(text)
