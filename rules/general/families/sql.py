"""What a text in SQL or PartiQL does, told from its first words; anything unclear is a change."""

import re
from collections.abc import Iterator
from itertools import pairwise

from rules.general.effect import Effect, Evidence, gravest
from rules.general.names.words import words_of

MAX_TEXT = 64 * 1024
"""A longer text is not read."""

# What dialects read differently has no token: backslashes and `#`, dollar quotes, q-quotes, `--` before
# no space, conditional and nested comments, brackets around more than a name.
_TOKEN = re.compile(
    r"""'[^'\\]*+' | --(?:[ \t\n][^\n]*+|\Z) | /\*(?![!+])(?:[^*/]|\*(?!/)|/(?!\*))*+\*/
    | (?P<quoted>"[^"\\]*+" | `[^`\\]*+` | \[[A-Za-z0-9_ ]*+\])
    | (?P<word>(?![nN]?[qQ]')[A-Za-z_][A-Za-z0-9_]*+ | [();])
    | [0-9]++(?:\.[0-9]++)?+ | \s++ | /(?!\*) | -(?!-) | [+*%<>=!,.?:@{}&|^~] | \$[0-9]++(?![$\w])""",
    re.VERBOSE,
)
_QUOTED = '"'
_VERBS = {
    "select": Effect.READ,
    "with": Effect.READ,
    "values": Effect.READ,
    "show": Effect.READ,
    "describe": Effect.READ,
    "desc": Effect.READ,
    "explain": Effect.READ,
    "delete": Effect.DELETION,
    "drop": Effect.DELETION,
    "truncate": Effect.DELETION,
    "grant": Effect.PRIVILEGE,
    "revoke": Effect.PRIVILEGE,
}
# Wherever these stand in a statement that begins like a read, it is none.
_WRITING = words_of(
    """
    insert update delete merge replace upsert into drop create alter truncate grant revoke call exec
    execute do copy attach load analyze set lock outfile dumpfile
    """
)
# What may stand before a `(` in a read: these have no effect, other functions may have one.
_PURE = words_of(
    """
    union except intersect
    in and or not exists over as on by where select values from join any all some using with when
    then count sum avg min max coalesce nullif lower upper length trim ltrim rtrim substr substring
    round abs floor ceil ceiling date time timestamp extract cast convert concat now
    current_timestamp row_number rank dense_rank lag lead first_value last_value json_extract
    json_value date_trunc datediff dateadd date_add date_sub year month day hour to_char to_date
    array_agg string_agg group_concat distinct contains begins_with attribute_type size missing
    greatest least ifnull iff
    """
)


def read_sql(text: str) -> Evidence:
    """The gravest effect among the statements in `text`."""
    if len(text) > MAX_TEXT:
        return Evidence(effect=Effect.UNKNOWN, because="its sql text is too long to read")
    words = _words(text)
    if words is None:
        return Evidence(effect=Effect.UNKNOWN, because="its sql text cannot be read in one way")
    found = [_statement(statement) for statement in _statements(words)]
    return gravest(found) if found else Evidence(effect=Effect.UNKNOWN, because="its sql text is empty")


def _words(text: str) -> list[str] | None:
    """Words and parentheses in lower case, `"` for a quoted name.

    None where dialects would not agree on where a literal or a comment ends.
    """
    words, place = [], 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            return None
        place = token.end()
        if token.lastgroup is not None:
            words.append(_QUOTED if token.lastgroup == "quoted" else token[0].lower())
    return words


def _statements(words: list[str]) -> Iterator[list[str]]:
    statement: list[str] = []
    for word in [*words, ";"]:
        if word == ";":
            if statement:
                yield statement
            statement = []
        else:
            statement.append(word)


def _statement(words: list[str]) -> Evidence:
    verb = next((word for word in words if word not in "()"), "")
    effect = _VERBS.get(verb, Effect.CHANGE)
    if effect is not Effect.READ:
        known = f"its sql statement is `{verb}`" if verb.isalpha() and len(verb) < 20 else "its sql"
        return Evidence(effect=effect, because=known)
    written = [word for word in words if word in _WRITING]
    if written:
        gravest_word = max(written, key=lambda word: _VERBS.get(word, Effect.CHANGE).gravity)
        effect = _VERBS.get(gravest_word, Effect.CHANGE)
        return Evidence(effect=effect, because=f"its sql statement has a `{gravest_word}`")
    if any(after == "(" and word not in _PURE and word not in "()" for word, after in pairwise(words)):
        return Evidence(effect=Effect.CHANGE, because="its sql statement calls a function")
    return Evidence(effect=Effect.READ, because=f"its sql statement is `{verb}`")
