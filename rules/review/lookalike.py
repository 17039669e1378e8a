"""Hosts that read like other ones: letters of another script, mixed scripts, digits in place of letters.

UTS 39 compares the skeletons of two names. Of its table, what can stand in a host name and passes for a
Latin letter or digit is here; a mixture of scripts within one label is told whatever its letters look like.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from rules.review.inert import in_ascii

_PREFIX = "xn--"
# Small letters of other scripts, and the Latin ones that they read like: Cyrillic, Armenian, Greek, rare.
_SHAPES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u051d\u04bb"
    "\u04cf\u043a\u043c\u043d\u0442\u0432\u0433\u0475\u04af\u04e9\u0493\u0581\u0585\u0570"
    "\u0578\u057d\u0584\u0566\u0575\u056c\u03bf\u03b1\u03bd\u03c1\u03c4\u03c5\u03c7\u03b3"
    "\u03ba\u03b9\u03b7\u03c9\u03b2\u03b5\u03f2\u03f3\u0261\u0251\u0131\u028f\u0280\u0262"
    "\u0274\u1d04\u1d0f\u1d1c\u1d20\u1d21\u1d22\ua731\u0142\u00f8\u0111\u0127\u0185\u0269",
    "aeopcyxijsdqwhlkmhtbrvyofgohnupqjloavptuxykinwbecjgaiyrgncouvwzslodhbi",
)
_ASCII = str.maketrans("01i5", "olls")
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
# Scripts that are written together (UTS 39 section 5.1).
_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})


def unicode_host(host: str) -> str:
    """`host` as a browser would show it; a label that decodes to nothing stays as it is."""
    return ".".join(_decoded(label) for label in host.split("."))


def remarks(host: str, known: Iterable[str] = ()) -> Iterator[str]:
    """What a person should know of a canonical `host`. `known`: hosts that it could be taken for."""
    shown = unicode_host(host)
    if shown != host:
        yield f"the host `{host}` is written `{in_ascii(shown)}`, which is not in latin letters alone"
    for label in shown.split("."):
        scripts = _scripts(label)
        if len(scripts) > 1 and not scripts <= _TOGETHER:
            named = " and ".join(sorted(script.lower() for script in scripts))
            yield f"the host mixes {named} letters in `{in_ascii(label)}`"
    own = skeleton(shown)
    alike = sorted({name for name in known if name != host and skeleton(unicode_host(name)) == own})
    for name in alike[:1]:
        yield f"the host reads like `{in_ascii(name)}`, and is another one"


def skeleton(host: str) -> str:
    """What is left of a host once letters that look the same are one: equal for names that read alike."""
    plain = unicodedata.normalize("NFKD", host.lower())
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    letters = bare.translate(_SHAPES).translate(_ASCII)
    for pair, letter in _PAIRS:
        letters = letters.replace(pair, letter)
    return letters


def _decoded(label: str) -> str:
    if not label.startswith(_PREFIX):
        return label
    try:
        return label.removeprefix(_PREFIX).encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def _scripts(label: str) -> set[str]:
    """The scripts of the letters in `label`, by the first word of their names."""
    return {unicodedata.name(c, "UNKNOWN").partition(" ")[0] for c in label if c.isalpha()}
