"""Which address shows what."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from proxy.console.pages.acting.deciding import Deciding
from proxy.console.pages.acting.editing import FIELDS, Editing
from proxy.console.pages.acting.granting import Granted
from proxy.console.pages.acting.labelling import Labelling
from proxy.console.pages.acting.talking import Talking
from proxy.console.pages.acting.together import NAMES, Together
from proxy.console.pages.deliveries import Untold
from proxy.console.pages.glances import Glances
from proxy.console.pages.identity.account import Account
from proxy.console.pages.identity.elsewhere import Elsewhere
from proxy.console.pages.identity.everybody import Everybody
from proxy.console.pages.identity.login import Login
from proxy.console.pages.listed import Listed
from proxy.console.pages.live import Live
from proxy.console.pages.one import One
from proxy.console.pages.passed import PassedPages
from proxy.console.pages.rulebook import Rules
from proxy.console.pages.shell import Shell, finished
from proxy.console.pages.static import Static
from proxy.console.pages.switch import Switch
from proxy.console.people.entry import CALLBACK
from proxy.console.reading.lines import Lines

_FACTOR = ("code", "passkey")


def routes(shell: Shell, lines: Lines) -> list[Route]:
    """All pages, and the forms on them."""
    return [*_around(shell), *_reading(shell, lines), *_acting(shell, lines)]


def _around(shell: Shell) -> list[Route]:
    login, elsewhere = Login(shell), Elsewhere(shell, shell.reviewing.provider)
    return [
        Route("/", _home),
        Route("/login", login.ask),
        Route("/login", login.enter, methods=["POST"]),
        Route("/login/oidc", elsewhere.begin),
        Route(CALLBACK, elsewhere.finish),
        Route("/logout", shell.act(login.leave), methods=["POST"]),
        Route("/static/{name}", Static().serve),
    ]


def _reading(shell: Shell, lines: Lines) -> list[Route]:
    listed, one, glances = Listed(shell, lines), One(shell), Glances(shell, lines)
    return [
        Route("/holds", shell.page(listed.holds)),
        Route("/holds/list", shell.page(listed.part, touch=False)),
        Route("/history", shell.page(listed.history)),
        Route("/holds/{hold_id}", shell.page(one.hold)),
        Route("/holds/{hold_id}/standing", shell.page(one.standing, touch=False)),
        Route("/holds/{hold_id}/edit", shell.page(Editing(shell).page)),
        Route("/holds/{hold_id}/alike", shell.page(Together(shell, lines).show)),
        Route("/holds/{hold_id}/parts/{part}", shell.page(one.part)),
        Route("/agents", shell.page(glances.agents)),
        Route("/numbers", shell.page(glances.numbers)),
        Route("/rules", shell.page(Rules(shell).show)),
        Route("/passed", shell.page(PassedPages(shell).list)),
        Route("/passed/{sample_id}", shell.page(PassedPages(shell).one)),
        Route("/kill", shell.page(Switch(shell).show)),
        Route("/account", shell.page(Account(shell).show)),
        Route("/grants", shell.page(Granted(shell).show)),
        Route("/people", shell.page(Everybody(shell).show)),
        Route("/deliveries", shell.page(Untold(shell).show)),
        Route("/events", shell.page(Live(shell).stream, touch=False)),
    ]


def _acting(shell: Shell, lines: Lines) -> list[Route]:
    deciding, editing, talking, switch = Deciding(shell), Editing(shell), Talking(shell), Switch(shell)
    account, everybody, granted = Account(shell), Everybody(shell), Granted(shell)
    changed = ["digest", "body", *FIELDS]
    forms = {
        "/holds/{hold_id}/approve": (deciding.approve, ["digest", "preview", *_FACTOR]),
        "/holds/{hold_id}/reject": (deciding.reject, ["preset", "reason"]),
        "/holds/{hold_id}/respond": (deciding.respond, ["answer"]),
        "/holds/{hold_id}/undo": (deciding.undo, []),
        "/holds/{hold_id}/edit/preview": (editing.preview, changed),
        "/holds/{hold_id}/edit": (editing.apply, changed),
        "/holds/{hold_id}/ask": (talking.ask, ["question"]),
        "/holds/{hold_id}/comment": (talking.comment, ["text"]),
        "/holds/{hold_id}/label": (Labelling(shell).hold, ["label"]),
        "/holds/{hold_id}/claim": (talking.claim, []),
        "/holds/{hold_id}/unclaim": (talking.unclaim, []),
        "/holds/{hold_id}/cancel": (deciding.cancel, ["reason"]),
        "/holds/{hold_id}/resolve": (deciding.resolve, ["outcome", "reason", "digest", *_FACTOR]),
        "/holds/{hold_id}/ask-again": (deciding.ask_again, []),
        "/passed/{sample_id}/label": (PassedPages(shell).label, ["label"]),
        "/holds/{hold_id}/alike": (Together(shell, lines).approve, NAMES),
        "/holds/{hold_id}/grant": (granted.give, ["digest", "preview", "reason", "minutes", "count"]),
        "/grants/take-back": (granted.take_back, ["grant_id"]),
        "/kill/on": (switch.on, ["reason"]),
        "/kill/off": (switch.off, []),
        "/holds/{hold_id}/passkey": (account.ask_passkey, []),
        "/account/sessions": (account.end, ["session"]),
        "/account/code/begin": (account.begin_code, []),
        "/account/code": (account.set_code, ["code"]),
        "/account/passkey/offer": (account.offer_passkey, []),
        "/account/passkey": (account.add_passkey, ["passkey", "label", "code"]),
        "/account/factors/remove": (account.remove, ["code"]),
        "/people/recover": (everybody.recover, ["name"]),
        "/people/log-out": (everybody.log_out, ["name"]),
        "/deliveries/again": (Untold(shell).again, ["delivery_id"]),
        "/rules": (Rules(shell).explain, ["method", "url", "body"]),
    }
    return [
        Route(path, shell.act(page, names=names), methods=["POST"]) for path, (page, names) in forms.items()
    ]


async def _home(_request: Request) -> Response:
    return finished(RedirectResponse("/holds", status_code=303))
