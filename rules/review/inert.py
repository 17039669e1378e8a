"""Text that others wrote, made inert: one function for each surface that people read it on.

A page escapes what its language gives a meaning to; what it shows passes through `visible` as well.
"""

import unicodedata

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Printable by category, yet nothing of them is seen: joiners, fillers, variation selectors, blanks.
_UNSEEN = frozenset(
    {
        *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        *range(0x180B, 0x1810),
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    }
)
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
# What spreadsheets take for the beginning of a formula, in both widths.
_FORMULA = ("=", "+", "-", "@", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# What a person may well write, although nothing of it is seen.
_LAYOUT = frozenset("\n\r\t\u00a0")


def visible(text: str) -> str:
    """`text` with everything that is unseen, turns direction or acts on a terminal spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return text.translate({ord(c): _spell(c) for c in set(text) if not _is_seen(c)})


def hides(text: str) -> bool:
    """Whether something in `text` is not seen or turns its direction; line breaks and tabs are layout."""
    if text.isascii() and text.isprintable():
        return False
    return any(not _is_seen(c) for c in set(text) - _LAYOUT)


def turns(text: str) -> bool:
    """Whether `text` has right-to-left letters, around which readers put digits in another order."""
    return not text.isascii() and any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in set(text))


def in_ascii(text: str) -> str:
    """`text` with every character spelled out that another one could be taken for."""
    return "".join(c if c.isascii() else _spell(c) for c in visible(text))


def csv_cell(text: str) -> str:
    """`text` as one quoted cell that no spreadsheet evaluates (RFC 4180)."""
    shown = visible(text)
    guard = "'" if shown.lstrip(" \"'").startswith(_FORMULA) else ""
    return '"' + guard + shown.replace('"', '""') + '"'


def slack(text: str) -> str:
    """`text` as code in Slack's mrkdwn, in which nothing is a link, a mention or bold."""
    shown = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "`" + (shown.replace("`", "\\x60") or " ") + "`"


def mail(text: str) -> str:
    """`text` as lines of a plain mail's body, quoted; no line of it can pass for ours or end the mail."""
    return "\r\n".join(f"> {visible(line)}" for line in text.splitlines() or [""])


def _is_seen(char: str) -> bool:
    return char.isprintable() and ord(char) not in _UNSEEN


def _spell(char: str) -> str:
    return _NAMED.get(char) or (f"\\x{ord(char):02x}" if char.isascii() else f"\\u{{{ord(char):x}}}")
