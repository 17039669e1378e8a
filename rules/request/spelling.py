"""What a lenient reader sees in a text: two spellings that it could take for one another fold alike."""

import unicodedata


def fold(text: str) -> str:
    """`text` without case, compatibility forms, controls and format characters.

    Decomposed (NFKD), so that the fold of a text starts with the fold of its ASCII beginning and ends
    with the fold of its ASCII end: an index over folded beginnings and ends misses nothing.
    """
    if text.isascii() and text.isprintable():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c for c in folded if unicodedata.category(c) not in ("Cc", "Cf"))
    # What is taken out may have kept combining marks from their order.
    return unicodedata.normalize("NFKD", kept)


def fold_name(name: str) -> str:
    """What a lenient reader looks a name up by: the white space around it is taken off too."""
    return fold(name).strip()
