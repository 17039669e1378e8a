"""What a change carries that makes it grave: where it goes, and what its body says.

A call that only reads is not looked at here: a search for payments moves none.
"""

from collections.abc import Iterator
from functools import lru_cache

from rules.call import HttpCall
from rules.decode.raw_mail import recipients
from rules.general.effect import Effect, Evidence
from rules.general.named_inside import operations_in
from rules.general.names.lexicon import BOTH, GRAVE_COLLECTIONS, GRAVE_NOUNS
from rules.general.names.naming import effect_of
from rules.general.names.places import is_id, stores_files
from rules.general.names.words import MAX_NAME, split, words_of
from rules.request.strict_json import Json

# In a body over HTTP these name a part of the request, or the way to pay.
_OTHERWISE = frozenset({"method", "op", "verb", "function"})
_AMOUNTS = words_of("amount amount_money total_amount source_amount target_amount transfer_amount")
_CURRENCIES = words_of("currency currency_code source_currency target_currency")
_RECIPIENTS = words_of(
    """
    to cc bcc recipient recipients personalizations to_recipients signers to_email to_emails to_number
    attendees invitee invitees
    """
)
_CONTENTS = words_of(
    """
    subject text html body content message text_body html_body template template_id template_alias
    email_subject raw attachments
    """
)
_RIGHTS = words_of(
    """
    access_level permission permissions scopes acl password new_password shared_link accessible_by is_admin
    superuser
    """
)
# Verbs that are nouns as often, but not at the end of a path with `PUT`.
_DONE = frozenset({"merge", "transfer", "release", "trigger", "block", "share"})
_PEOPLE = frozenset({"users", "groups", "teams"})
_PERSONS = words_of("user users follower followers guest guests group groups account")
_PRINCIPALS = words_of(
    """
    users accounts apps members policies clients authorizationservers authorizationServers serviceAccounts
    service_accounts sessions devices zones domains
    """
)
_ADMITTING = words_of(
    """
    activate deactivate suspend unsuspend unlock lock enable disable expire reset reactivate verify
    """
)
_ROOTS = words_of("api rest v1 v2 v3 v4 v5 admin scim 1.0 2.0 3.0 services")
_POWERS = frozenset({"admin", "administrator", "owner", "superuser", "root", "maintainer"})
_RAW = words_of("raw raw_message mime data eml")
# What is only drafted is sent by another call.
_DRAFTS = frozenset({"draft", "drafts"})
_ENVELOPES = words_of("data message raw_message email payload request transaction envelope user attributes")
_MAX_DEPTH = 2
_REACH = 2
_REACH_OF_MONEY = 3


def grave_evidence(call: HttpCall) -> Iterator[Evidence]:
    """Everything that makes the change `call` graver than a change."""
    if stores_files(call.host):
        return
    yield from _of_path(call)
    yield from operations_in(call.payload.value, but=_OTHERWISE)
    drafted = not _DRAFTS.isdisjoint(call.segments)
    for evidence in _of_body(call.payload.value):
        if not (drafted and evidence.effect is Effect.COMMUNICATION):
            yield evidence


def _of_path(call: HttpCall) -> Iterator[Evidence]:
    """The kind of thing that the path ends in: `/payments/7/captures`, `/users/7/roles`; or what is done."""
    path = [one.partition(".")[0] or one for one in call.segments if one]
    if path and ":" in path[-1].lstrip(":"):
        path += path.pop().rsplit(":", 1)
    for distance, segment in enumerate(reversed(path[-_REACH_OF_MONEY:])):
        for word, effect in _of_segment(segment) if len(segment) <= MAX_NAME else ():
            if distance < _REACH or effect is Effect.FINANCIAL:
                yield Evidence(effect=effect, because=f"by its path, `{word}`, it {effect.says}")
    yield from _of_people(path)


@lru_cache(maxsize=4096)
def _of_segment(segment: str) -> tuple[tuple[str, Effect], ...]:
    words = [] if any(map(str.isdigit, segment)) else split(segment)
    return (*_of_noun(words), *_of_verb(words))


def _of_noun(words: list[str]) -> Iterator[tuple[str, Effect]]:
    """The last word of a name says what kind of thing it is: `deploy_keys` are keys."""
    noun = words[-1] if words else ""
    effect = GRAVE_COLLECTIONS.get(noun) or GRAVE_NOUNS.get(noun)
    if effect is not None:
        yield noun, effect


def _of_verb(words: list[str]) -> Iterator[tuple[str, Effect]]:
    """What stands in a path as the only verb, where `POST` is not the method or an id follows."""
    effect = effect_of(words[0]) if len(words) == 1 and words[0] not in BOTH - _DONE else None
    if effect is not None and effect.gravity > Effect.CHANGE.gravity:
        yield words[0], effect


def _of_people(path: list[str]) -> Iterator[Evidence]:
    """Whoever is put into something, or may no longer come in."""
    last, words = path[-1:], split(path[-1]) if path else []
    within = [place for place, one in enumerate(path[:-1], 1) if path[place] in _PEOPLE and _is_thing(one)]
    added = len(words) > 1 and words[0] in ("add", "remove", "invite", "set") and words[-1] in _PERSONS
    let_in = bool(words) and words[0] in _ADMITTING and not _PRINCIPALS.isdisjoint(path[:-1])
    if (within and within[-1] >= len(path) - _REACH) or added or (last and let_in):
        yield Evidence(effect=Effect.PRIVILEGE, because="by its path it changes who belongs to something")


def _is_thing(segment: str) -> bool:
    """Whether a segment is one thing, or a kind of things, and not where the API begins."""
    return segment not in _ROOTS and (
        is_id(segment) or not any(map(str.isdigit, segment)) or len(segment) > 2
    )


def _of_body(value: Json, depth: int = 0) -> Iterator[Evidence]:
    """Money, a message or rights in the members of the body, or of what wraps them."""
    if isinstance(value, list) and value and depth < _MAX_DEPTH:
        yield from _of_body(value[0], depth + 1)
    if not isinstance(value, dict):
        return
    members = {"_".join(split(name)): one for name, one in value.items()}
    if _moves_money(members):
        yield Evidence(effect=Effect.FINANCIAL, because="its body gives an amount and a currency")
    yield from _of_raw(members)
    if members.get("signers") or _is_mail(members):
        yield Evidence(effect=Effect.COMMUNICATION, because="its body has recipients and a text for them")
    if not _RIGHTS.isdisjoint(members) or str(members.get("role")).lower() in _POWERS:
        yield Evidence(effect=Effect.PRIVILEGE, because="its body says who may do what")
    for name, one in members.items() if depth < _MAX_DEPTH else ():
        if name in _ENVELOPES:
            yield from _of_body(one, depth + 1)


def _of_raw(members: dict[str, Json]) -> Iterator[Evidence]:
    """A mail that is there whole; its recipients stand in its own head."""
    for name, text in members.items():
        if name not in _RAW:
            continue
        found = recipients(text) if isinstance(text, str) else None
        if found is not None:
            several = "1 recipient" if len(found) == 1 else f"{len(found)} recipients"
            because = f"its `{name}` is a whole mail to {several}"
            yield Evidence(effect=Effect.COMMUNICATION, because=because)


def _is_mail(members: dict[str, Json]) -> bool:
    return any(members.get(name) for name in _RECIPIENTS) and not _CONTENTS.isdisjoint(members)


def _moves_money(members: dict[str, Json]) -> bool:
    for name in _AMOUNTS & members.keys():
        inner = members[name]
        named = {"_".join(split(one)) for one in inner} if isinstance(inner, dict) else members.keys()
        if not _CURRENCIES.isdisjoint(named):
            return True
    return False
