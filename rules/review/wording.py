"""What a call does, in plain words: by its kind, its sum, its people and the thing that its path names."""

from rules.call import Call, HttpCall
from rules.general.effect import Effect
from rules.general.reading import read
from rules.review.excerpt import short
from rules.review.money import Money, grouped
from rules.review.reach import Several
from rules.verdict import Category

_MOST = 60
_EFFECTS = {
    Category.DEPLOY: Effect.DEPLOYMENT,
    Category.EXTERNAL_COMMUNICATION: Effect.COMMUNICATION,
    Category.FINANCIAL: Effect.FINANCIAL,
    Category.DELETION: Effect.DELETION,
    Category.PRIVILEGE: Effect.PRIVILEGE,
}
_VERBS = {
    "POST": "create or change",
    "PUT": "replace",
    "PATCH": "change",
    "DELETE": "delete",
    "GET": "read",
    "HEAD": "read",
}


def effect_of(call: Call, category: Category | None) -> Effect:
    """What `call` does: by the word of its rule, else by the general reading."""
    return _EFFECTS.get(category) or read(call).effect if category is not None else read(call).effect


def in_words(
    call: Call, effect: Effect, *, money: Money | None, people: Several | None, party: str | None
) -> str:
    """One line that continues "the agent asks to ..."; what others wrote stands in backticks."""
    thing = quoted(_thing(call))
    match effect:
        case Effect.FINANCIAL if money is not None:
            what = f"pay {grouped(money)}{f' to {quoted(party)}' if party else ''}"
        case Effect.FINANCIAL:
            what = f"move money, a sum that is not plain here, by {thing}"
        case Effect.COMMUNICATION:
            what = f"send a message to {_named(people)}"
        case Effect.DELETION:
            what = f"delete or take away {thing}"
        case Effect.DEPLOYMENT:
            what = f"deploy or run {thing}"
        case Effect.PRIVILEGE:
            what = f"change who may do what, by {thing}"
        case Effect.UNKNOWN:
            what = f"do something that cannot be read, by {thing}"
        case _:
            what = f"{_verb(call)} {thing}"
    return f"{what} {_place(call)}"


def quoted(text: str, *, most: int = _MOST) -> str:
    """`text` inert, cut and in backticks, so that no value passes for a word of ours."""
    return f"`{short(text.replace('`', chr(39)), most=most)}`"


def _verb(call: Call) -> str:
    return _VERBS.get(call.method, "ask for") if isinstance(call, HttpCall) else "use"


def _thing(call: Call) -> str:
    """The end of the path, where APIs name the thing: `repos/books/ledger`."""
    if not isinstance(call, HttpCall):
        return call.tool
    named = [segment for segment in call.segments if segment]
    return "/".join(named[-3:]) or "/"


def _place(call: Call) -> str:
    if not isinstance(call, HttpCall):
        return f"with the tool {quoted(call.tool)} of {quoted(call.server)}"
    return f"at {quoted(call.host, most=80)}"


def _named(people: Several | None) -> str:
    if people is None:
        return "recipients that are not plain here"
    shown = ", ".join(map(quoted, people.first))
    if people.count == len(people.first):
        return shown if people.count == 1 else f"{people.count} recipients: {shown}"
    return f"{people.count} recipients: {shown} and {people.count - len(people.first)} more"
