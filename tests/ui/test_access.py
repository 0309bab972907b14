"""Every route with every role, against a table: a route that is not in it fails."""

import pytest

from tests.ui.pages import Browser, house, person
from ui.access import LOCAL_ADMIN, NOBODY, Open, Role, with_included
from ui.blueprint import blueprint
from ui.routing import route

V, A, E, P, ANYONE, LINK = Role.VIEWER, Role.AGENT, Role.EDITOR, Role.PUBLISHER, Open.ANYONE, Open.LINK
TABLE = {
    ("GET", "/"): V,
    ("GET", "/tickets/<site>/<path:ticket_id>"): V,
    ("GET", "/healthz"): ANYONE,
    ("GET", "/readyz"): ANYONE,
    ("GET", "/assets/<path:name>"): ANYONE,
    ("GET", "/panel/<site>/<path:ticket_id>"): V,
    ("GET", "/panel-now/<site>/<path:ticket_id>"): V,
    ("POST", "/panel-preview/<site>/<path:ticket_id>"): A,
    ("POST", "/panel-order/<site>/<path:ticket_id>"): A,
    ("POST", "/panel-note/<site>/<path:ticket_id>"): A,
    ("GET", "/panel-why/<site>/<path:ticket_id>"): V,
    ("POST", "/panel-link/<site>/<path:ticket_id>"): A,
    ("GET", "/lend/<site>/<path:ticket_id>"): V,
    ("POST", "/panel-enter/<site>/<path:ticket_id>"): LINK,
    ("POST", "/panel-leave/<site>/<path:ticket_id>"): V,
    ("GET", "/overview"): V,
    ("GET", "/overview/tickets"): V,
    ("GET", "/overview/tickets.csv"): V,
    ("POST", "/overview/retry"): A,
    ("GET", "/rules"): V,
    ("GET", "/rules/rule/<name>"): V,
    ("GET", "/rules/gate/<name>"): V,
    ("POST", "/rules/edit"): E,
    ("POST", "/rules/review"): E,
    ("POST", "/rules/publish"): P,
    ("GET", "/rules/history"): V,
    ("GET", "/rules/history/<int:number>"): V,
    ("POST", "/rules/rollback"): P,
    ("GET", "/sign-in"): LINK,
    ("GET", "/sign-in/start"): LINK,
    ("GET", "/sign-in/back"): LINK,
    ("GET", "/enter/<token>"): LINK,
    ("POST", "/enter/<token>"): LINK,
    ("POST", "/sign-out"): LINK,
    ("GET", "/rules/new"): E,
    ("GET", "/rules/files/<path:file>"): E,
    ("GET", "/rules/completions.json"): E,
    ("POST", "/rules/check"): E,
    ("POST", "/rules/tests"): E,
    ("POST", "/rules/tickets"): E,
    ("POST", "/rules/preview"): E,
    ("POST", "/rules/backtest"): E,
    ("POST", "/rules/backtest/stop"): E,
    ("GET", "/rules/backtest/<identity>"): E,
    ("GET", "/t/<token>"): LINK,
    ("POST", "/t/<token>/say"): LINK,
    ("GET", "/t/<token>/calendar.ics"): LINK,
    ("GET", "/t/<token>/feed.xml"): LINK,
}
"""What each route needs, written down a second time on purpose: a change of who may do what is made in two places."""

PEOPLE = {
    "a stranger at the machine": (None, {V}),
    "nobody": (NOBODY, set()),
    "viewer": (person(V), {V}),
    "agent": (person(A), {V, A}),
    "editor": (person(E), {V, E}),
    "publisher": (person(P), {V, E, P}),
    "local admin": (LOCAL_ADMIN, {V, A, E, P}),
}
PARTS = {
    "<site>": "acme",
    "<path:ticket_id>": "1",
    "<token>": "t",
    "<path:name>": "liaison.css",
    "<name>": "cards",
    "<int:number>": "1",
    "<path:file>": "rules.yaml",
    "<identity>": "1",
}


def address(rule: str) -> str:
    for part, value in PARTS.items():
        rule = rule.replace(part, value)
    assert "<" not in rule, f"say in PARTS what stands for the variable of {rule}"
    return rule


def routes() -> set[tuple[str, str]]:
    rules = [rule for rule in Browser().app.url_map.iter_rules() if rule.endpoint.startswith("pages.")]
    return {(method, rule.rule) for rule in rules for method in rule.methods - {"HEAD", "OPTIONS"}}


def test_every_route_stands_in_the_table():
    assert routes() == set(TABLE)


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize(("method", "rule"), TABLE, ids=lambda part: part)
def test_who_may_do_what(method, rule, who):
    signed_in, roles = PEOPLE[who]
    browser = Browser(signed_in=signed_in if signed_in and signed_in.signed_in else None)
    if signed_in is NOBODY:
        browser.address = "10.0.0.7"
    needs = TABLE[method, rule]
    allowed = needs is ANYONE or signed_in is not NOBODY
    if isinstance(needs, Role):
        acting_unknown = method != "GET" and signed_in is None
        allowed = needs in roles and not acting_unknown
    headers = {"X-CSRFToken": browser.token()} if method != "GET" and browser.address == "127.0.0.1" else {}
    answer = browser.ask(method, address(rule), headers)
    refused = answer.status_code in {401, 403} and "This link no longer works" not in answer.text
    assert refused is not allowed, f"{who}: {answer.status_code}"


@pytest.mark.parametrize(("method", "rule"), [key for key in TABLE if key[0] != "GET"], ids=lambda part: part)
def test_nothing_is_done_without_the_pages_own_token(method, rule):
    answer = Browser(signed_in=LOCAL_ADMIN).ask(method, address(rule))
    assert answer.status_code == 400
    assert "nothing was done" in answer.text or "was not sent" in answer.text


@pytest.mark.parametrize(("method", "rule"), [key for key in TABLE if key[0] != "GET"], ids=lambda part: part)
@pytest.mark.parametrize("from_", ["cross-site", "same-site"])
def test_nothing_is_done_for_another_sites_page(method, rule, from_):
    browser = Browser(signed_in=LOCAL_ADMIN)
    answer = browser.ask(method, address(rule), {"X-CSRFToken": browser.token(), "Sec-Fetch-Site": from_})
    assert answer.status_code == 403


def test_a_route_that_names_no_need_answers_nobody():
    pages = blueprint(house())
    pages.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    answer = Browser(pages=pages, signed_in=LOCAL_ADMIN).get("/forgotten")
    assert answer.status_code == 403
    assert "secret" not in answer.text


def test_to_act_one_signs_in_even_for_what_everybody_may_read():
    pages = blueprint(house())
    route(pages, "/act", "act", lambda: "done", needs=V, methods=("POST",))
    assert Browser(pages=pages).ask("POST", "/act").status_code == 401


@pytest.mark.parametrize(
    ("given", "all_"), [((V,), {V}), ((A,), {V, A}), ((E,), {V, E}), ((P,), {V, E, P}), ((), set())]
)
def test_what_a_role_includes(given, all_):
    assert with_included(given) == all_


def test_the_navigation_shows_only_what_one_may_follow():
    browser = Browser()
    assert browser.pages.menu_of(person(V))[0].text == "Now"
    assert browser.pages.menu_of(NOBODY) == []
