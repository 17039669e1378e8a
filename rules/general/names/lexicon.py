"""What verbs in names of operations say, as vendors of many kinds use them.

A verb is on a list only if it says the same at nearly every vendor. `test`, `resolve`, `export`, `poll`,
`complete` and the like are not: some read, some write, so they say nothing and the call stays a change.
"""

from rules.general.effect import Effect
from rules.general.names.words import words_of

_VERBS = {
    Effect.READ: """
        get list describe search query scan find lookup read fetch count check view show head browse
        validate preview estimate calculate evaluate analyze analyse classify detect extract
        translate compare diff explain simulate suggest autocomplete match aggregate summarize retrieve
        filter discover inspect download tail wait troubleshoot introspect lint scroll mget msearch
    """,
    Effect.REVERSIBLE: """
        tag untag label unlabel star unstar pin unpin favorite unfavorite favourite unfavourite
        bookmark unbookmark follow unfollow mute unmute like unlike snooze unsnooze
    """,
    Effect.CHANGE: """
        create update put set modify add edit patch insert write upload import enable disable
        register associate disassociate attach detach copy duplicate clone move rename archive unarchive
        cancel schedule reschedule save store replace upsert sync generate start stop restart reboot
        resume pause suspend activate deactivate lock unlock close open reopen confirm convert assign
        unassign join leave reset change configure mark manage toggle apply append make perform do log
        record lend fill end place reserve exchange return provision initialize push mutate process unset
        shutdown checkin signup logout
    """,
    Effect.DEPLOYMENT: """
        deploy undeploy redeploy release rollback execute exec run rerun invoke trigger merge launch
        install promote
    """,
    Effect.COMMUNICATION: """
        send post publish unpublish notify invite broadcast forward reply share unshare email mail
        message tweet announce decline accept recall comment respond unsubscribe dispatch submit call
        dial
    """,
    Effect.FINANCIAL: """
        pay charge refund transfer purchase buy sell withdraw deposit payout capture settle checkout bid
        donate order trade redeem subscribe renew book
    """,
    Effect.PRIVILEGE: """
        grant revoke authorize deauthorize permit allow deny assume impersonate approve reject
        invalidate rotate elevate restrict unrestrict give ban unban block unblock kick
    """,
    Effect.DELETION: """
        delete destroy purge wipe erase remove terminate drop truncate deregister expunge uninstall
        unregister clear empty discard kill abort retire clean flush flushall flushdb shred prune
    """,
}
VERBS = {verb: effect for effect, verbs in _VERBS.items() for verb in verbs.split()}

READ_OBJECTS = {
    "run": words_of("report reports query queries"),
    "test": words_of("permission permissions"),
}
"""What some verbs only read, though they say nothing or more by themselves: `runReport`."""

READING_NOUNS = words_of(
    """
    info history count search lookup stats statistics status metrics preview identity summary exists
    details schema tree versions snapshot usage limits members replies whoami ping health version
    """
)
"""A remote procedure without a verb that ends so gives just that."""

STATES = words_of("status history stats statistics metrics schema versions usage limits version health")
"""What a name ends in that gives these, even where a verb may stand before."""

ENDS_OF_READS = words_of("get describe fetch lookup")
"""No name that begins with its verb ends so: it begins with the thing, as `deploy_plan_get` does."""

CONSEQUENTIAL = words_of(
    """
    confirm approve reject send execute delete destroy unsubscribe pay transfer wipe purge publish
    terminate revoke grant deploy refund withdraw purchase remove erase cancel activate deactivate
    accept decline invite impersonate disable enable reboot shutdown logout kick reset
    """
)
"""For these a GET is held, though it should only read: no resource has such a name."""

BOTH = words_of(
    """
    email mail message comment order call record log tag label book list view match filter check
    query search count scan head post share tweet trade charge transfer block store process place
    pin star like follow return download exchange release merge trigger bookmark favorite
    """
)
"""Verbs that are nouns as often."""

UNMISTAKABLE = words_of(
    """
    create delete remove update send add execute publish destroy purge wipe revoke grant invite
    upsert insert write upload
    """
)
"""Verbs that are never nouns in the names of operations."""

MODIFIERS = words_of(
    """
    batch bulk multi mass async begin try permanent permanently force hard soft safe tentatively
    """
)

PARTICLES = frozenset({"in", "out", "up", "down", "off", "back"})
"""With these a verb may be another one: `check out` reads nothing."""

JOINTS = frozenset({"and", "or", "then"})

CREDENTIALS = frozenset({"credential", "credentials"})
"""Whoever gets these may do more than before."""

MARKS = frozenset({"read", "unread", "seen", "unseen", "presence", "reaction", "snooze", "dnd"})
"""What is marked or set on something for oneself, and set back by the same call."""

TOGGLED = words_of(
    """
    tag tags tagging label labels star stars reaction reactions pins favorite favorites
    favourite favourites bookmark bookmarks like likes
    """
)
"""What is put on things and taken off again, without harm to the thing."""

ROUTING = words_of(
    """
    runner runners node nodes pod pods machine machines host hosts server servers instance instances
    device devices agent agents worker workers cluster clusters environment environments deployment
    deployments service services queue queues network networks subnet subnets gateway gateways zone zones
    route routes endpoint endpoints monitor monitors alert alerts alarm alarms incident incidents
    detector detectors image images registry registries model models app apps function functions
    firewall firewalls workflow workflows pipeline pipelines artifact artifacts build builds
    """
)
"""By their labels work, traffic or alarms find their way, so that a label is no small thing there."""

ACCESS = words_of(
    """
    firewall firewalls policy policies role roles permission permissions group groups user users
    acl acls key keys secret secrets
    """
)
"""What is put on these decides who may do what."""

GRAVE_NOUNS = {
    noun: effect
    for effect, nouns in {
        Effect.PRIVILEGE: """
            policy iam permission permissions role roles grant grants acl key keys secret secrets token
            tokens password passwords credential credentials member members membership memberships owner
            owners admin admins access collaborator collaborators
        """,
        Effect.FINANCIAL: """
            payment payments refund refunds charge charges payout payouts transfer transfers order
            orders billing purchase purchases
        """,
        Effect.COMMUNICATION: """
            message messages email emails mail sms notification notifications invitation invitations
            tweet tweets comment comments announcement attendee attendees participant participants
        """,
    }.items()
    for noun in nouns.split()
}
"""What makes a change grave, whatever the verb."""

GRAVE_COLLECTIONS = {
    noun: effect
    for effect, nouns in {
        Effect.DEPLOYMENT: "deployments deploys releases builds rollbacks promotions dynos dispatches",
        Effect.COMMUNICATION: """
            replies invites broadcasts announcements feed statuses tweets calls faxes enqueue
            envelopes recipients
        """,
        Effect.FINANCIAL: """
            captures capture withdrawals deposits donations subscriptions trades bids disbursements checkouts
            payment_intents transactions movements reversals
        """,
        Effect.PRIVILEGE: """
            invitees bans sessions authorizations approvals assignments factors firewalls delegates envs
            vars env envvar variables shares policies sign decrypt unwrapkey jwt
        """,
    }.items()
    for noun in nouns.split()
}
"""Collections in which to make or change a thing is grave, beside those of grave nouns."""

PREFIXES = words_of(
    """
    get list find search check validate evaluate extract classify translate retrieve calculate
    describe fetch lookup preview send delete remove create update revoke reset wipe purge transfer
    approve cancel publish grant execute terminate forward
    """
)
"""Verbs that are told from what follows even where nothing marks the end of a word."""

PREFIX_ENDINGS = (
    "ing",
    "ings",
    "ion",
    "able",
    "or",
    "out",
    "ins",
    "ers",
    "ups",
    "box",
    "point",
    "sum",
    "lists",
)
"""What makes another word of a verb: `findings`, `checkout`, `evaluations`."""
