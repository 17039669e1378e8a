"""What every page has around it: a session, a form that came from it, and headers that bound the browser."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from proxy.console.pages.form import read_form
from proxy.console.pages.rendering import environment
from proxy.console.people.factors.passkeys import Place
from proxy.console.people.sessions import LIFE, Origin, Session, Sessions
from proxy.console.problem import PRIVATE, Obstacle, Problem
from proxy.console.reviewing import Reviewing
from proxy.store.record import StoreUnavailable
from rules.authority import Act, about, refuse
from rules.reviewer import Reviewer

# A referrer within the origin only: with none at all, browsers send `Origin: null` with our own forms.
HEADERS = {
    **PRIVATE,
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
_HOST_ONLY = "__Host-"
_OWN_PATH = re.compile(r"/(?:[A-Za-z0-9_-]+/?)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request of somebody who is logged in. `form`: what it says, empty where it only reads."""

    request: Request
    session: Session
    form: Mapping[str, str]

    @property
    def who(self) -> Reviewer:
        """Who asks."""
        return self.session.reviewer

    @property
    def hold_id(self) -> str:
        """The hold that the path names."""
        return str(self.request.path_params["hold_id"])


type Page = Callable[[Visit], Awaitable[Response]]
type Endpoint = Callable[[Request], Awaitable[Response]]


class Shell:
    """Lets people in, and puts pages around what they see."""

    def __init__(self, reviewing: Reviewing) -> None:
        self.reviewing = reviewing
        self.sessions = Sessions(reviewing.now, reviewing.people.named)
        self.cookie = f"sidegate_{reviewing.address[1]}"
        """Cookies know no ports: without it, two consoles on one machine would log each other out."""
        self._templates = environment()

    def page(self, page: Page, *, touch: bool = True) -> Endpoint:
        """A route that reads. `touch`: whether a person asks, and not the page by itself."""

        async def serve(request: Request) -> Response:
            session = self.session(request, touch=touch)
            if session is None:
                return self._to_login(request)
            visit = Visit(request=request, session=session, form={})
            return await self.guarded(request, lambda: page(visit), session=session)

        return serve

    def act(self, page: Page, *, names: Collection[str] = ()) -> Endpoint:
        """A route that changes something: nothing is heard but a form of a page of this very session."""

        async def acting(request: Request, session: Session) -> Response:
            form = await read_form(request, names=["csrf", *names])
            if not session.owns(form.get("csrf", "")):
                detail = "this form is not from a page of this session; nothing was done: load the page again"
                raise Problem(403, Obstacle.ORIGIN_FOREIGN, detail)
            return await page(Visit(request=request, session=session, form=form))

        async def serve(request: Request) -> Response:
            session = self.session(request)
            if session is None:
                return self._to_login(request)
            return await self.guarded(request, lambda: acting(request, session), session=session)

        return serve

    def place(self, visit: Visit) -> Place:
        """Where the browser is: as it says itself with a form, else as far as its cookie tells."""
        said = visit.request.headers.get("origin")
        secure = f"{_HOST_ONLY}{self.cookie}" in visit.request.cookies
        host = visit.request.headers.get("host", "")
        return Place(origin=said or f"{'https' if secure else 'http'}://{host}")

    def proven(self, visit: Visit) -> Reviewer:
        """Who asks, with the second factor that the form shows for what it decides about. Raises Problem."""
        proving, this = self.reviewing.proving, about(visit.hold_id, visit.form.get("digest", ""))
        if said := visit.form.get("passkey"):
            challenge = visit.session.challenged(this, now=self.reviewing.now())
            place = self.place(visit)
            return proving.by_passkey(visit.who, said, about=this, challenge=challenge, place=place)
        if code := visit.form.get("code"):
            return proving.by_code(visit.who, code, about=this)
        return visit.who

    def session(self, request: Request, *, touch: bool = True) -> Session | None:
        """Who asks, if they are logged in."""
        return self.sessions.find(self._session_id(request), touch=touch)

    def open(
        self, request: Request, response: Response, who: Reviewer, *, origin: Origin, secure: bool
    ) -> Response:
        """Log `who` in with `response`, under an id that is new. `secure`: whether the browser speaks TLS."""
        self.sessions.end(self._session_id(request))
        response.set_cookie(
            f"{_HOST_ONLY}{self.cookie}" if secure else self.cookie,
            self.sessions.start(who, origin),
            max_age=int(LIFE.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=secure,
        )
        return response

    def close(self, request: Request, response: Response) -> Response:
        """Log out with `response`."""
        self.sessions.end(self._session_id(request))
        for name in (self.cookie, f"{_HOST_ONLY}{self.cookie}"):
            if name in request.cookies:
                response.delete_cookie(
                    name, secure=name.startswith(_HOST_ONLY), httponly=True, samesite="strict"
                )
        return response

    def _session_id(self, request: Request) -> str:
        # What only a page over TLS can have set goes before what anybody on the way can set.
        plain = request.cookies.get(self.cookie, "")
        return request.cookies.get(f"{_HOST_ONLY}{self.cookie}", plain)

    async def guarded(
        self, request: Request, serve: Callable[[], Awaitable[Response]], *, session: Session | None
    ) -> Response:
        """The page, or why there is none, in words on a page."""
        try:
            return finished(await serve())
        except Problem as problem:
            told = problem
        except StoreUnavailable:
            detail = "the store does not answer: look at the hold again before you decide anew"
            told = Problem(503, Obstacle.STORE_UNAVAILABLE, detail)
        members: dict[str, Any] = {"problem": told.members, "back": _back(request)}
        response = self.show("problem.html", session, members, status=told.status)
        response.headers.update(told.headers)
        return response

    def show(
        self, template: str, session: Session | None, members: Mapping[str, Any], *, status: int = 200
    ) -> Response:
        """A template with `members`."""
        text = self._templates.get_template(template).render(
            {**members, "session": session, "now": self.reviewing.now(), "may": _may(session)}
        )
        return finished(Response(text, status_code=status, media_type="text/html"))

    def _to_login(self, request: Request) -> Response:
        """Where to log in; a part of a page that loads itself has the whole page go there."""
        path = own_path(request.url.path) if request.method == "GET" else "/holds"
        if "hx-request" in request.headers:
            return finished(Response(status_code=401, headers={"HX-Redirect": "/login"}))
        return finished(RedirectResponse(f"/login?next={path}", status_code=303))


def _may(session: Session | None) -> frozenset[str]:
    """What a page offers to whoever looks at it, were it about no hold."""
    return frozenset(str(act) for act in Act if session and refuse(session.reviewer, act) is None)


def own_path(path: str) -> str:
    """`path` if it is surely one of ours, else the list: nobody is sent elsewhere after a login."""
    return path if _OWN_PATH.fullmatch(path) else "/holds"


def finished(response: Response) -> Response:
    """`response` with what every one of them tells the browser."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _back(request: Request) -> str:
    hold_id = str(request.path_params.get("hold_id", ""))
    return own_path(f"/holds/{hold_id}" if hold_id else "/holds")
