"""What every page carries: the browser's orders, how it is kept, how it travels."""

import gzip

import pytest

from tests.ui.pages import Browser, house
from ui.access import Open
from ui.blueprint import blueprint
from ui.files import names
from ui.rendering import framed_by, page, style_nonce
from ui.routing import route

UNPACKED = {"Accept-Encoding": "identity"}
PACKED = {"Accept-Encoding": "gzip, br"}
ORIGIN = "https://acme.atlassian.net"


def browser(view):
    pages = blueprint(house())
    route(pages, "/tried", "tried", view, needs=Open.LINK)
    return Browser(pages=pages)


def policy(answer) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def message():
    return page("message.html", title="Tried", sentences=("x",))


def test_a_page_is_framed_by_nobody_unless_it_says_by_whom():
    def framed():
        framed_by(ORIGIN)
        return message()

    assert policy(browser(message).get("/tried"))["frame-ancestors"] == "'none'"
    asked = browser(framed)
    assert policy(asked.get("/tried"))["frame-ancestors"] == ORIGIN
    assert policy(asked.get("/"))["frame-ancestors"] == "'none'", "no page inherits it from the one before"


def test_styles_of_the_editor_carry_a_number_used_once():
    def editor():
        assert style_nonce() == style_nonce()
        return page("message.html", title=style_nonce(), sentences=())

    asked = browser(editor)
    said = [policy(asked.get("/tried"))["style-src"] for _ in range(2)]
    assert said[0] != said[1]
    assert all(len(text) > len("'self' 'nonce-'") + 20 for text in said)
    assert policy(asked.get("/"))["style-src"] == "'self'"


def test_scripts_come_from_files_alone():
    said = policy(Browser().get("/"))
    assert said["default-src"] == "'none'"
    assert said["script-src"] == said["connect-src"] == said["form-action"] == "'self'"
    assert said["base-uri"] == "'none'"
    assert "unsafe" not in str(said)


@pytest.mark.parametrize("path", ["/", "/nowhere", "/sign-in"])
def test_pages_are_kept_nowhere(path):
    assert Browser().get(path).headers["Cache-Control"] == "no-store"


def test_pages_travel_packed_to_who_takes_it():
    plain, packed = Browser().get("/", UNPACKED), Browser().get("/", PACKED)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in Browser().get("/", {"Accept-Encoding": "gzip;q=0"}).headers


@pytest.mark.parametrize("name", sorted(names()))
def test_files_are_kept_for_a_year_under_the_name_of_what_is_in_them(name):
    asked = Browser()
    with asked.app.test_request_context():
        address = asked.app.jinja_env.globals["asset"](name)
    kept = asked.get(address, PACKED)
    assert kept.status_code == 200
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in kept.headers
    assert gzip.decompress(kept.data) == asked.get(address, UNPACKED).data
    for other in (f"/assets/{name}", f"/assets/{name}?v=other"):
        assert asked.get(other).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    ["../guards.py", "..%2fguards.py", "%2e%2e/guards.py", "none.css", "dist", "dist/../liaison.css"],
)
def test_only_what_is_there_is_served(path):
    assert Browser().get(f"/assets/{path}").status_code == 404


def test_what_goes_wrong_in_a_page_is_told_in_words():
    def breaks():
        raise RuntimeError("a secret of the code")

    asked = browser(breaks)
    asked.app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = asked.get("/tried")
    assert answer.status_code == 500
    assert "Something went wrong in Liaison" in answer.text
    assert "a secret of the code" not in answer.text
    assert policy(answer)["default-src"] == "'none'"


def test_a_method_that_is_not_taken_is_told_in_words():
    answer = Browser().ask("DELETE", "/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]
    assert "front page" in answer.text
