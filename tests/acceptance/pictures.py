"""Takes the pictures of docs/review.md: `python -m tests.acceptance.pictures`."""

import json
import tempfile
from itertools import count, islice
from pathlib import Path

from playwright.sync_api import Browser

from tests.acceptance.authority import Authority
from tests.acceptance.chromium import PHONE, Reader, chromium
from tests.acceptance.clients import Call, curl
from tests.acceptance.processes import until
from tests.acceptance.sidecar import Sidecar
from tests.acceptance.upstream import Upstream

_FOLDER = Path(__file__).parents[2] / "docs" / "images"
_DESK = {"width": 1120, "height": 780}
_CONFIG = """
version: 1
destinations: {allow: ["localhost"]}
identity: {agent: invoice-bot, human: ada@example.org, service: payables, session: s-4711}
console:
  people:
    - {name: ada, role: lead, groups: [finance], password: true, also: [ada@example.org]}
    - {name: bo, groups: [finance], scope: {hosts: [localhost], amounts: {EUR: 5000}}, password: true}
    - {name: cy, role: auditor, password: true}
  step_up: {tiers: [4]}
"""
_RULES = """
version: 1
rules:
  - id: pay-supplier
    match: {host: localhost, method: POST, path: /v1/transfers}
    tier: 4
    category: financial
    reason: moves money out of the company
    summary: "pay {amount} {currency} to {to}"
    reversible: {method: POST, path: /v1/transfers/recall, note: within one banking day}
  - id: mail-customers
    match: {host: localhost, method: POST, path: /v1/messages}
    tier: 3
    category: external_communication
    reason: reaches people outside
  - id: delete-customer
    match: {host: localhost, method: DELETE, path: "/v1/customers/{id}"}
    tier: 4
    category: deletion
    reason: deletes a customer for good
"""
_MEMO = "Invoice 2026-118\u202e gnp.exe\u202c"
_CALLS = (
    ("/v1/transfers", {"amount": 4900, "currency": "EUR", "to": "Nordwind GmbH", "reference": "Invoice 117"}),
    ("/v1/messages", {"to": ["ann@example.org", "bo@example.org"], "text": "Your order is on its way"}),
    ("/v1/messages", {"to": ["cem@example.org"], "text": "Your order has arrived at the depot"}),
    ("/v1/messages", {"to": ["dana@example.org"], "text": "Your order could not be delivered today"}),
    ("/v1/transfers", {"amount": 18250, "currency": "EUR", "to": "Kappa Trading Ltd", "reference": _MEMO}),
)
_READS = "/v1/customers/[310-329]"
_WHOLE = ("hold", "phone-hold", "passed-one", "phone-passed-one")
# As often as can be had, so that there is something to see.
_OFTEN = {
    "SIDEGATE__DRILLS__RATE": "0.2",
    "SIDEGATE__DRILLS__WITHIN": "0",
    "SIDEGATE__PASS_AUDIT__RATE": "0.05",
}
_DEADLINE = 120.0
_SAID = "The supplier's mail of this morning asks for payment today, to its new account."


def main() -> None:
    """Start everything, hold some calls, and take the pictures."""
    _FOLDER.mkdir(exist_ok=True)
    authority = Authority.create(Path(tempfile.mkdtemp(prefix="pictures-")))
    with (
        Upstream(authority.issue()) as upstream,
        Sidecar(upstream_ca=authority.ca, rules=_RULES, config=_CONFIG) as sidecar,
        chromium() as browser,
    ):
        ids = [_ask(sidecar, upstream.url(path), body) for path, body in _CALLS]
        sidecar.reject(ids[0], "Nordwind is paid by standing order")
        _take(browser, sidecar, ids[-1], message=ids[1])

    with (
        Upstream(authority.issue()) as upstream,
        Sidecar(upstream_ca=authority.ca, rules=_RULES, config=_CONFIG, environment=_OFTEN) as sidecar,
        chromium() as browser,
    ):
        _take_quality(browser, sidecar, _measured(sidecar, upstream))


def _ask(sidecar: Sidecar, url: str, body: object) -> str:
    answer = curl(
        Call(
            method="POST",
            url=url,
            headers=(
                ("Content-Type", "application/json"),
                ("Prefer", "wait=0"),
                ("Sidegate-Reasoning", _SAID),
            ),
            body=json.dumps(body, ensure_ascii=False).encode(),
            proxy=sidecar.proxy,
            ca=sidecar.ca_bundle,
        )
    )
    return answer.header("Sidegate-Hold") or ""


def _take(browser: Browser, sidecar: Sidecar, hold_id: str, *, message: str) -> None:
    desk = Reader(browser, sidecar, size=_DESK)
    desk.page.goto("/login")
    _picture(desk, "login")
    desk.log_in()
    shown = {"holds": "/holds?state=all", "hold": f"/holds/{hold_id}", "part": f"/holds/{hold_id}/parts/body"}
    shown |= {name: f"/{name}" for name in ("history", "agents", "kill", "account", "people")}
    for name, path in shown.items():
        desk.page.goto(path)
        _picture(desk, name)
    desk.page.goto(f"/holds/{message}/alike")
    _picture(desk, "together")
    _try_a_call(desk)
    _change_a_sum(desk, hold_id)
    for name, path in (("phone-holds", "/holds"), ("phone-hold", f"/holds/{hold_id}")):
        phone = Reader(browser, sidecar, size=PHONE, dark=True)
        phone.log_in()
        phone.page.goto(path)
        _picture(phone, name)


def _measured(sidecar: Sidecar, upstream: Upstream) -> str:
    """Have people answer holds and say what they think of them; gives the id of a drill among those."""
    reads = Call(url=upstream.url(_READS), proxy=sidecar.proxy, ca=sidecar.ca_bundle)
    until(lambda: _kept(sidecar, reads), deadline=_DEADLINE, what="calls that passed and were kept")
    names = (f"customer{number}@example.org" for number in count())
    asked = (_ask(sidecar, upstream.url("/v1/messages"), _news(name)) for name in names)
    for hold_id in islice(asked, 4):
        sidecar.approve(hold_id)
        sidecar.wait_state(hold_id, {"executed"})
    assert sidecar.cli("label", hold_id, "unnecessary").returncode == 0
    drill_id = until(lambda: _drill(sidecar, next(asked)), deadline=_DEADLINE, what="a drill")
    granted = sidecar.cli("grant", next(asked), "--reason", "shipping news of this week", "--yes")
    assert granted.returncode == 0, granted.stderr
    return drill_id


def _news(address: str) -> object:
    return {"to": [address], "text": "Your order is on its way"}


def _kept(sidecar: Sidecar, reads: Call) -> bool:
    curl(reads, "--no-globoff")
    kept = json.loads(sidecar.cli("passed", "--json").stdout)["passed"]
    if len(kept) > 3:
        assert sidecar.cli("passed", kept[0]["sample_id"], "right").returncode == 0
    return len(kept) > 3


def _drill(sidecar: Sidecar, newest: str) -> str | None:
    """What waits besides the newest hold, answered: that is a drill."""
    found = [hold["hold_id"] for hold in sidecar.holds() if hold["state"] == "pending"]
    for hold_id in found:
        sidecar.reject(hold_id, "not what this customer ordered")
        if hold_id != newest and sidecar.hold(hold_id)["drill"]:
            return str(hold_id)
    return None


def _take_quality(browser: Browser, sidecar: Sidecar, drill_id: str) -> None:
    sizes = {"": Reader(browser, sidecar, size=_DESK)}
    sizes["phone-"] = Reader(browser, sidecar, size=PHONE, dark=True)
    for before, reader in sizes.items():
        reader.log_in()
        shown = {name: f"/{name}" for name in ("passed", "grants", "numbers")}
        for name, path in {**shown, "drill": f"/holds/{drill_id}"}.items():
            reader.page.goto(path)
            _picture(reader, f"{before}{name}")
        reader.page.locator("#help-open").click()
        _picture(reader, f"{before}drills")
        reader.page.goto("/passed")
        reader.page.locator("a.hold").first.click()
        reader.page.wait_for_url("**/passed/*")
        _picture(reader, f"{before}passed-one")


def _try_a_call(reader: Reader) -> None:
    reader.page.goto("/rules")
    reader.page.get_by_label("URL").fill("https://localhost/v1/transfers")
    reader.page.get_by_label("JSON body").fill('{"amount": 5, "currency": "EUR", "to": "Nordwind GmbH"}')
    reader.page.get_by_role("button", name="Explain").click()
    _picture(reader, "rules")


def _change_a_sum(reader: Reader, hold_id: str) -> None:
    reader.page.goto(f"/holds/{hold_id}/edit")
    reader.page.get_by_label("amount").fill("1825")
    reader.page.locator("#effect ins").wait_for()
    _picture(reader, "edit")


def _picture(reader: Reader, name: str) -> None:
    reader.page.wait_for_load_state("load")
    reader.page.screenshot(path=_FOLDER / f"{name}.png", full_page=name in _WHOLE)


if __name__ == "__main__":
    main()
