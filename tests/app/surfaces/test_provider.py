"""Signing in with a real OpenID Connect provider on loopback, and every way in which it must come to nothing."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
import requests
from joserfc.jwk import OctKey

from app.settings import SigningIn
from app.surfaces.provider import OpenIdProvider
from core.sites import Secret
from core.times import SystemClock
from tests.support.provider import CLIENT, SECRET, new_key, provider
from tests.support.socketed import socketed
from tests.ui.pages import house
from ui.blueprint import blueprint

ROLES = {"desk": "agent", "comms": "publisher", "all": "viewer"}
HERE = {"Host": "liaison.acme.example"}


@pytest.fixture
def there():
    with provider() as stand_in:
        yield stand_in


class Tried:
    """A browser that signs in: pages over memory, the provider over HTTP."""

    def __init__(self, there, *, claim: str = "groups", roles=None, clock=None, secret: str = SECRET) -> None:
        self.app = flask.Flask("signing in")
        self.door = OpenIdProvider(
            SigningIn(there.url, CLIENT, Secret(secret), claim, roles or ROLES),
            "http://localhost",
            clock or SystemClock(),
        )
        self.app.register_blueprint(
            blueprint(house(provider=self.door, wall=SystemClock(), public_url="http://localhost"))
        )
        self.client = self.app.test_client()

    def get(self, path: str):
        return self.client.get(path, headers=HERE, environ_base={"REMOTE_ADDR": "203.0.113.9"}, buffered=True)

    def go(self, path: str = "/sign-in/start"):
        """To the provider and back; gives the answer to the address that the provider led to."""
        begun = self.get(path)
        if begun.status_code != 303:
            return begun
        led = requests.get(begun.headers["Location"], allow_redirects=False, timeout=10)
        return self.get(self.path(led.headers["Location"]))

    @staticmethod
    def path(address: str) -> str:
        parts = urlsplit(address)
        return f"{parts.path}?{parts.query}"


def test_a_person_signs_in_and_comes_back_to_where_they_were(there):
    tried = Tried(there)
    asked = tried.get("/tickets/a/b?x=1")
    assert asked.status_code == 401
    assert "next=/tickets/a/b?x%3D1" in asked.text or "next=/tickets/a/b%3Fx%3D1" in asked.text
    answer = tried.go("/sign-in/start?next=/tickets/a/b")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tickets/a/b")
    assert "Eva Brandt" in tried.get("/").text


def test_what_is_asked_of_the_provider(there):
    begun = Tried(there).get("/sign-in/start")
    asked = parse_qs(urlsplit(begun.headers["Location"]).query)
    assert asked["redirect_uri"] == ["http://localhost/sign-in/back"]
    assert asked["scope"] == ["openid profile email"]
    assert min(len(asked[name][0]) for name in ("state", "nonce", "code_challenge")) >= 43
    assert SECRET not in begun.headers["Location"]


def test_pages_answer_signed_in_people_alone_wherever_they_are(there):
    tried = Tried(there)
    for path in ("/", "/tickets/a/b"):
        answer = tried.get(path)
        assert answer.status_code == 401
        assert "Sign in with 127.0.0.1" in answer.text
    at_the_machine = tried.client.get("/", headers={"Host": "localhost"})
    assert at_the_machine.status_code == 401
    tried.go()
    assert tried.get("/").status_code == 200


def test_the_one_time_link_is_no_way_in(there):
    assert Tried(there).get("/enter/a-link-that-works-once").status_code == 404


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        (["desk"], {"agent", "viewer"}),
        ("comms", {"publisher", "editor", "viewer"}),
        (["desk", "comms", "other"], {"agent", "publisher", "editor", "viewer"}),
        (["all"], {"viewer"}),
    ],
)
def test_roles_come_from_groups(there, groups, roles):
    there.claims["groups"] = groups
    tried = Tried(there)
    tried.go()
    with tried.client.session_transaction(headers=HERE) as session:
        assert set(session["person"]["roles"]) == roles
        assert session["person"]["id"] == "248"


def test_roles_may_lie_deeper(there):
    there.claims = {"groups": None, "realm_access": {"roles": ["desk"]}}
    assert Tried(there, claim="realm_access.roles").go().status_code == 303


def test_roles_may_come_from_userinfo(there):
    there.claims["groups"] = None
    there.userinfo = {"sub": "248", "groups": ["desk"]}
    assert Tried(there).go().status_code == 303


def test_userinfo_of_somebody_else_gives_nothing(there):
    there.claims["groups"] = None
    there.userinfo = {"sub": "249", "groups": ["desk"]}
    assert Tried(there).go().status_code == 403


@pytest.mark.parametrize("groups", [[], ["unknown"], None, "", 7, {"desk": True}, [["desk"]], "desk comms"])
def test_who_has_no_role_is_told_so_and_sees_nothing(there, groups):
    there.claims["groups"] = groups
    tried = Tried(there)
    answer = tried.go()
    assert answer.status_code == 403
    assert "You have no role in Liaison yet" in answer.text
    assert "Eva Brandt" in answer.text
    assert "Ask whoever looks after Liaison" in answer.text
    assert tried.get("/").status_code == 401


HOUR = 3600
LIES = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another"},
    "another audience, for us": {"aud": "another", "azp": CLIENT},
    "no audience": {"aud": None},
    "many audiences, for another": {"aud": [CLIENT, "another"], "azp": "another"},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "expired": {"exp": 1_700_000_000},
    "never expires": {"exp": None},
    "expires in words": {"exp": "tomorrow"},
    "from the future": {"iat": 4_000_000_000},
    "not yet": {"nbf": 4_000_000_000},
    "nobody": {"sub": None},
    "another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


def refused(tried, answer=None):
    answer = answer or tried.go()
    assert answer.status_code == 403
    assert "You are not signed in" in answer.text
    assert tried.get("/").status_code == 401


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_for_this_is_not_believed(there, lie):
    there.claims = LIES[lie]
    refused(Tried(there))


def test_a_token_that_somebody_else_signed_is_not_believed(there):
    there.signs_with = new_key("one")
    refused(Tried(there))


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_anybody_could_sign_is_not_believed(there, algorithm):
    """Not even where the provider itself publishes the shared key."""
    shared = OctKey.import_key(SECRET.ljust(32), {"kid": "shared"})
    there.header = {"alg": algorithm, "kid": "shared"}
    there.signs_with, there.published = shared, [shared.as_dict(private=True)]
    refused(Tried(there))


def test_a_new_key_is_fetched_when_it_is_used(there, monkeypatch):
    monkeypatch.setattr("app.surfaces.provider.AGAIN", -1.0)
    tried = Tried(there)
    tried.get("/sign-in/start")
    there.key, there.header = new_key("two"), {"alg": "RS256", "kid": "two"}
    assert tried.go().status_code == 303


def test_made_up_keys_do_not_make_us_ask_again_and_again(there):
    there.header = {"alg": "RS256", "kid": "made up"}
    tried = Tried(there)
    for _ in range(3):
        refused(tried)
    assert there.asked.count("/keys") == 1


def test_an_answer_to_another_signing_in_is_refused(there):
    tried = Tried(there)
    tried.get("/sign-in/start")
    refused(tried, tried.get("/sign-in/back?code=code-0&state=another"))
    assert "/token" not in there.asked


def test_an_answer_that_nobody_asked_for_is_refused(there):
    refused(tried := Tried(there), tried.get("/sign-in/back?code=code-0&state=x"))
    assert there.asked == []


def test_an_answer_counts_once(there):
    tried = Tried(there)
    begun = tried.get("/sign-in/start")
    led = requests.get(begun.headers["Location"], allow_redirects=False, timeout=10).headers["Location"]
    assert tried.get(tried.path(led)).status_code == 303
    assert tried.get(tried.path(led)).status_code == 403


def test_what_was_refused_is_not_tried_again_with_another_code(there):
    tried = Tried(there)
    begun = tried.get("/sign-in/start").headers["Location"]
    backs = [requests.get(begun, allow_redirects=False, timeout=10).headers["Location"] for _ in range(2)]
    there.claims = {"nonce": "another"}
    refused(tried, tried.get(tried.path(backs[0])))
    there.claims = {}
    refused(tried, tried.get(tried.path(backs[1])))


def test_signing_in_that_takes_too_long_is_over(there, monkeypatch):
    monkeypatch.setattr("ui.entry.PATIENCE", timedelta(seconds=-1))
    refused(Tried(there))


def test_what_the_provider_refuses_is_told(there):
    there.refuses = "access_denied"
    answer = Tried(there).go()
    assert answer.status_code == 403
    assert "did not sign you in" in answer.text


def test_a_wrong_client_secret_signs_nobody_in(there):
    refused(Tried(there, secret="wrong"))


ELSEWHERE = "https://elsewhere.example/x"


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
def test_only_the_issuers_own_host_is_asked(there, name):
    there.about[name] = ELSEWHERE
    refused(Tried(there))
    assert there.asked == ["/.well-known/openid-configuration"]


def test_userinfo_elsewhere_is_not_asked_and_keeps_nobody_out(there):
    """As with Microsoft Entra, whose ID tokens hold the roles."""
    there.about["userinfo_endpoint"] = "https://graph.elsewhere.example/oidc/userinfo"
    assert Tried(there).go().status_code == 303
    there.claims["groups"] = None
    assert Tried(there).go().status_code == 403


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": ELSEWHERE},
        {"authorization_endpoint": "http://elsewhere.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"issuer": None},
    ],
)
def test_a_provider_that_says_it_is_another_is_refused(there, about):
    there.about = about
    refused(Tried(there))


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token"])
@pytest.mark.parametrize("answer", ["error", "words", "list", "huge"])
def test_an_odd_answer_signs_nobody_in(there, path, answer):
    there.answers[path] = {
        "error": (500, "{}", {}),
        "words": (200, "<html>", {"Content-Type": "text/html"}),
        "list": (200, "[1]", {"Content-Type": "application/json"}),
        "huge": (200, '{"keys": ["' + "x" * 600_000 + '"]}', {"Content-Type": "application/json"}),
    }[answer]
    refused(Tried(there))


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token", "/userinfo"])
def test_nobody_is_asked_elsewhere_because_the_provider_says_so(there, path):
    """The other place would give the right answer: that it is not asked is all that stops it."""
    asked, elsewhere = [], flask.Flask("elsewhere")
    elsewhere.before_request(lambda: asked.append(flask.request.path))
    right = {"/.well-known/openid-configuration": there.configuration, "/keys": there.keys, "/token": there.token}
    elsewhere.add_url_rule(
        path, view_func=right.get(path, lambda: {"sub": "248", "groups": ["desk"]}), methods=["GET", "POST"]
    )
    there.claims = {"groups": None} if path == "/userinfo" else {}
    with socketed(elsewhere) as port:
        there.answers[path] = (307, "", {"Location": f"http://127.0.0.1:{port}{path}"})
        refused(Tried(there))
    assert asked == []


def test_a_provider_that_is_down_is_told(there):
    there.url = "http://127.0.0.1:9"
    answer = Tried(there).go()
    assert answer.status_code == 403
    assert "does not answer as it should" in answer.text


def test_a_provider_that_was_down_is_asked_anew(there):
    there.answers["/keys"] = (500, "", {})
    tried = Tried(there)
    refused(tried)
    there.answers.clear()
    assert tried.go().status_code == 303
