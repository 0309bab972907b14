"""liaison.yaml: what it gives, and every mistake at its place."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st

from app.settings import Listen, load
from core.errors import SettingsError, Severity
from core.sites import Auth, Flavour, Platform, Secret, Serves
from core.times import EPOCH

ENV = {"TOKEN": "t0p", "NEW": "n3w", "OLD": "0ld", "BLANK": " "}
SITE = """\
sites:
  - name: acme
    platform: jira
    url: https://acme.atlassian.net
    auth: {user: bot@acme.example, token: env:TOKEN}
    webhook: {secrets: [env:NEW]}
"""
SNOW = """\
sites:
  - name: snow
    platform: servicenow
    url: https://acme.service-now.com
    auth: {user: liaison, token: env:TOKEN}
    webhook: {secrets: [env:NEW]}
"""


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "liaison.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def mistakes(path: Path, env=ENV) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path, env)
    return [str(problem).removeprefix(f"{path}:") for problem in caught.value.problems]


def test_the_installation_of_the_design(write):
    path = write("""\
store: sqlite:///data/liaison.db
rules: .
listen: "[::1]:9090"
workers: 8
pages: open
sites:
  - name: acme-jira
    platform: jira
    url: https://acme.atlassian.net/
    auth: {user: bot@acme.example, token: env:TOKEN}
    webhook: {secrets: [env:NEW, env:OLD]}
    serves: [{kind: incident, projects: [OPS], types: [Incident]}, {kind: change, projects: [OPS], types: [Change]}]
    fields: {affected_users: customfield_10050, environment: customfield_10051}
    states: {"Waiting on store": on_hold, Vendor: "on_hold:vendor", Watching: "in_progress:monitoring"}
    priorities: {Blocker: P1, 2: P2, no: P3}
    agents_visibility: {role: Service Desk Team}
    timezone: Europe/Berlin
    language: de
    account: 5c5f88
    bots: [automation, 557058]
    speak_from: 2026-11-20T08:00:00+01:00
    speaks: [agents]
    timeout: {read: 12.5}
    settle_seconds: 5
    pace: 600/m
  - name: acme-snow
    platform: servicenow
    url: http://127.0.0.1:9000
    auth: {user: env:TOKEN, token: env:OLD}
    webhook: {secrets: [env:NEW]}
    note_id_column: u_liaison_note_id
""")
    got = load(path, ENV)
    folder = path.parent
    assert (got.store, got.rules) == (f"sqlite:///{folder}/data/liaison.db", folder)
    assert (got.listen, got.workers, got.pages_open, got.warnings) == (Listen("::1", 9090), 8, True, ())
    jira, snow = got.sites
    assert (jira.name, jira.platform, jira.flavour) == ("acme-jira", Platform.JIRA, Flavour.CLOUD)
    assert jira.url == "https://acme.atlassian.net"
    assert jira.auth == Auth("bot@acme.example", Secret("t0p", "env:TOKEN"))
    assert jira.webhook_secrets == (Secret("n3w", "env:NEW"), Secret("0ld", "env:OLD"))
    assert jira.serves == (Serves("incident", ("OPS",), ("Incident",)), Serves("change", ("OPS",), ("Change",)))
    assert jira.fields == {"affected_users": "customfield_10050", "environment": "customfield_10051"}
    assert jira.states == {
        "Waiting on store": "on_hold",
        "Vendor": "on_hold:vendor",
        "Watching": "in_progress:monitoring",
    }
    assert jira.priorities == {"Blocker": "P1", "2": "P2", "no": "P3"}
    assert (jira.timezone, jira.language, jira.account) == ("Europe/Berlin", "de", "5c5f88")
    assert (jira.bots, jira.speaks) == (("automation", "557058"), ("agents",))
    assert (jira.timeout, jira.settle_seconds) == ((5.0, 12.5), 5.0)
    assert (jira.pace, snow.pace) == (10.0, 0.0)
    assert jira.speak_from == datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert got.speak_from == {"acme-jira": jira.speak_from}
    assert (snow.auth.user, snow.account, snow.speak_from) == ("t0p", "t0p", EPOCH)
    assert snow.note_id_column == "u_liaison_note_id"
    assert got.site("acme-snow") is snow
    assert got.site("nobody") is None


@pytest.mark.parametrize(
    ("stated", "got"), [("", timedelta(minutes=5)), ("poll: 1h30m\n", timedelta(minutes=90)), ("poll: never\n", None)]
)
def test_how_often_sites_are_asked(write, stated, got):
    assert load(write(stated + SITE), ENV).poll == got


def test_what_is_not_said(write):
    path = write(SITE)
    got = load(path, ENV)
    assert (got.store, got.rules) == (f"sqlite:///{path.parent}/liaison.db", None)
    assert (got.listen, got.workers, got.pages_open, got.speak_from) == (Listen("127.0.0.1", 8080), 16, False, {})
    assert got.warnings == ()


def test_secrets_come_from_files_beside_the_file(write, tmp_path):
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    got = load(write(SITE.replace("env:TOKEN", "file:token")), ENV)
    assert got.sites[0].auth.token == Secret("from-file", "file:token")


def test_a_secret_never_shows(write):
    assert "t0p" not in repr(load(write(SITE), ENV))


@pytest.mark.parametrize("where", ["token: hunter2", "token: '  hunter2'", "token: ENV:hunter2"])
def test_a_literal_secret_is_refused_and_not_repeated(write, where):
    path = write(SITE.replace("token: env:TOKEN", where))
    (mistake,) = mistakes(path)
    assert mistake.startswith("5:")
    assert "sites[0].auth.token is a literal secret" in mistake
    assert "env:NAME or file:PATH" in mistake
    assert "hunter2" not in mistake


def test_everything_wrong_is_told_at_once_with_its_place(write):
    path = write("""\
stor: sqlite:///liaison.db
workers: many
sites:
  - name: acme jira
    platform: jria
    url: http://acme.atlassian.net
    auth: {token: env:NOPE}
    serves: [{knd: incident, projects: OPS}]
    fields: {id: x, Bad: y, empty: }
    states: {"Waiting on store": onhold, A: "on_hold:vndor", B: "new:vendor"}
    priorities: {Blocker: P0}
    agents_visibility: {rol: Service Desk Team}
    timezone: Europe/Berln
    language: German
    language: de
""")
    assert mistakes(path) == [
        "1:1: stor is not a setting; did you mean 'store'?",
        "2:10: workers must be a whole number, not 'many'.",
        "4:11: sites[0].name 'acme jira' cannot stand in an address; use letters, digits, dots and dashes, at most 63.",
        "5:15: sites[0].platform 'jria' is not a platform; did you mean 'jira'?",
        "6:10: sites[0].url 'http://acme.atlassian.net' is not encrypted; write it with https://.",
        "7:19: sites[0].auth.token leads to the environment variable NOPE, which is not set; set it.",
        "8:14: sites[0].serves[0].kind is missing; add it.",
        "8:15: sites[0].serves[0].knd is not a setting; did you mean 'kind'?",
        "8:40: sites[0].serves[0].projects must be a list: one '- item' in a line, or [a, b].",
        "9:18: sites[0].fields.id says which ticket it is and cannot come from another field; choose another name.",
        "9:26: sites[0].fields.Bad cannot be a name in rules; use small letters, digits and '_'.",
        "9:29: sites[0].fields.empty is empty; give it a value or remove the line.",
        "10:34: sites[0].states.Waiting on store 'onhold' is not a state; did you mean 'on_hold'?",
        "10:45: sites[0].states.A 'vndor' is not a hold reason of on_hold; did you mean 'vendor'?",
        "10:65: sites[0].states.B 'vendor' is not a phase of new.",
        "11:27: sites[0].priorities.Blocker 'P0' is not a priority; it can be: P1, P2, P3, P4, P5.",
        "12:30: sites[0].agents_visibility.rol 'rol' is not a kind of reader; did you mean 'role'?",
        "13:15: sites[0].timezone 'Europe/Berln' is not a time zone; did you mean 'Europe/Berlin'?",
        "14:15: sites[0].language 'German' is not a language; write it like en, de or de-AT.",
        "15:5: 'language' stands here twice; keep one.",
    ]


SIGNING = """public_url: https://liaison.acme.example
signing_in:
  issuer: https://login.acme.example
  client_id: liaison
  client_secret: env:TOKEN
  roles: {desk: agent}
"""
ONE_MISTAKE = [
    (SITE.replace("env:TOKEN", "env:BLANK"), "leads to the environment variable BLANK, which is empty"),
    (SITE.replace("env:TOKEN", "file:absent"), "absent, which cannot be read: No such file or directory"),
    (SITE.replace("env:TOKEN", "[env:TOKEN]"), "must be one reference"),
    (SITE.replace("user: bot@acme.example, ", ""), "auth.user is missing; name the account"),
    (SITE.replace("https://acme.atlassian.net", "https://u:p@acme.example"), "belong into auth"),
    (SITE.replace("https://acme.atlassian.net", "acme.atlassian.net"), "is not an address"),
    (SITE.replace("https://acme.atlassian.net", "https://acme.example/?x=1"), "without '?' or '#'"),
    (SITE.replace("https://acme.atlassian.net", "https://[::1"), "is not an address"),
    (SITE.replace("https://acme.atlassian.net", "http://127.0.0.1.evil.example"), "is not encrypted"),
    (SITE.replace("https://acme.atlassian.net", "ftp://localhost"), "is not an address"),
    (SITE + "    note_id_column: u_note\n", "is for servicenow sites alone"),
    (SNOW + "    flavour: cloud\n", "is for jira sites alone"),
    (SNOW + "    note_id_column: 'x; drop'\n", "cannot be a column"),
    (SNOW + "    serves: [{kind: incident, projects: [OPS]}]\n", "serves[0].projects does not exist on servicenow"),
    (SITE + "    serves: [{kind: incident, tables: [incident]}]\n", "serves[0].tables does not exist on jira"),
    (SITE + "    serves: [{kind: problem}]\n", "'problem' is not a kind of ticket"),
    (SITE + "    speaks: [agent]\n", "did you mean 'agents'?"),
    (SITE + "    speak_from: 2026-11-20\n", "is not a time with its zone"),
    (SITE + "    timeout: {read: -1}\n", "must be between 0 and 600"),
    (SITE + "    timeout: {read: nan}\n", "timeout.read"),
    (SITE + "    agents_visibility: {role: A, group: B}\n", "names a role and a group"),
    (SITE + "    bots: ['']\n", "bots[0] is empty"),
    (
        SITE + SITE.removeprefix("sites:\n").replace("acme\n", "ACME\n"),
        "sites[1].name 'ACME' is the name of another site",
    ),
    ("store: mysql://x\n" + SITE, "is not a database URL"),
    ("store: postgresql://db/x\n" + SITE, "does not run on yet"),
    ("store: postgresql://me:pw@db/x\n" + SITE, "password in plain sight"),
    ("rules: ./nowhere\n" + SITE, "nowhere, which does not exist"),
    ("listen: 8080\n" + SITE, "is not host:port"),
    ("listen: localhost:99999\n" + SITE, "is not host:port"),
    ("workers: 0\n" + SITE, "must be between 1 and 64, not 0"),
    ("keep: {bodies: long}\n" + SITE, "keep.bodies 'long' is not a duration; write it like 30d"),
    ("keep: {journal: 1h}\n" + SITE, "keep.journal must be between 1d and 3650d, not 1h"),
    ("poll: often\n" + SITE, "poll 'often' is not a duration; write it like 5m or 1h, or never"),
    (
        SITE + "    pace: fast\n",
        "sites[0].pace 'fast' is no pace from 10/h to 1000/s; write it like 50/s, 600/m or 5000/h",
    ),
    (SITE + "    pace: 0/s\n", "is no pace"),
    (SITE + "    pace: 5/d\n", "is no pace"),
    ("poll: 30s\n" + SITE, "poll '30s' is not a duration"),
    ("poll: 2d\n" + SITE, "poll must be between 1m and 1d, or never, not 2d"),
    ("poll: [5m]\n" + SITE, "poll must be"),
    ("pages: everyone\n" + SITE, "'everyone' is not a setting of pages"),
    (SIGNING.replace("public_url: https://liaison.acme.example\n", "") + SITE, "public_url is missing"),
    (
        SIGNING.replace("issuer: https:", "issuer: http:") + SITE,
        "signing_in.issuer 'http://login.acme.example' is not enc",
    ),
    (
        SIGNING.replace("{desk: agent}", "{desk: agnet}") + SITE,
        "signing_in.roles.desk 'agnet' is not a role; did you mean",
    ),
    (SIGNING.replace("{desk: agent}", "{}") + SITE, "signing_in.roles is missing; without it nobody could look"),
    (SIGNING.replace("env:TOKEN", "hunter2") + SITE, "signing_in.client_secret is a literal secret"),
    (SIGNING.replace("client_id: liaison", "client_id: ''") + SITE, "signing_in.client_id is empty"),
    ("pages: open\n" + SIGNING + SITE, "pages lets everybody look, while signing_in asks who they are"),
    ("signing_in:\n" + SITE, "signing_in is empty"),
    ("public_url: http://liaison.acme.example\n" + SITE, "is not encrypted"),
    ("sites: []\n", "lists no site"),
    ("sites: {}\n", "sites must be a list"),
    ("sites: [acme]\n", "sites[0] must be a mapping"),
    ("sites:\n", "sites is empty"),
    ("store: sqlite:///x.db\n", "sites is missing; add it"),
    ("", "sites is missing"),
    ("- a\n", "the file must be a mapping"),
    ("a: &x 1\n" + SITE.replace("acme\n", "*x\n"), "An alias"),
    ("? [a]\n: b\n" + SITE, "cannot be a name"),
]


@pytest.mark.parametrize(("text", "expected"), ONE_MISTAKE, ids=[expected for _, expected in ONE_MISTAKE])
def test_a_mistake_is_told(write, text, expected):
    assert expected in "\n".join(mistakes(write(text)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: [", "This is not YAML"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a: \x00", "This is not YAML"),
        (b"[" * 5000, "nested too deeply"),
        (b"a: 1\n" * 300_000, "larger than"),
        (b"a: 1\n---\nb: 2\n", "This is not YAML"),
    ],
)
def test_a_file_that_cannot_be_read_at_all(tmp_path, content, expected):
    path = tmp_path / "liaison.yaml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=expected) as caught:
        load(path, ENV)
    assert str(path) in str(caught.value)


def test_signing_in(write):
    got = load(write(SIGNING + SITE), ENV)
    assert got.public_url == "https://liaison.acme.example"
    assert got.signing_in.roles_claim == "roles"
    assert got.signing_in.roles == {"desk": "agent"}
    assert got.signing_in.client_secret.value
    assert got.signing_in.client_secret.value not in repr(got)
    assert load(write(SITE), ENV).signing_in is None


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: No such file or directory") as caught:
        load(tmp_path / "absent.yaml", ENV)
    assert "absent.yaml" in str(caught.value)


def test_doubts_are_warnings(write):
    text = SNOW.replace("    webhook: {secrets: [env:NEW]}\n", "    fields: {afected_users: u_n, risk_owner: u_r}\n")
    warnings = load(write(text), ENV).warnings
    assert [warning.severity for warning in warnings] == [Severity.WARNING] * 3
    assert [warning.line for warning in warnings] == [2, 2, 2]
    said = " ".join(warning.message for warning in warnings)
    assert "no webhook.secrets" in said
    assert "visible [ref:…]" in said
    assert "did you mean 'affected_users'?" in said
    assert "risk_owner" not in said


@pytest.mark.parametrize(
    ("url", "flavour"),
    [
        ("https://acme.atlassian.net", Flavour.CLOUD),
        ("https://api.atlassian.com/ex/jira/1", Flavour.CLOUD),
        ("http://127.0.0.1:9000", Flavour.CLOUD),
        ("https://jira.acme.example", Flavour.DATA_CENTER),
        ("https://atlassian.net.evil.example", Flavour.DATA_CENTER),
    ],
)
def test_the_flavour_is_told_from_the_address(write, url, flavour):
    got = load(write(SITE.replace("https://acme.atlassian.net", url)), ENV)
    assert got.sites[0].flavour is flavour
    assert ("Data Center" in str(got.warnings)) == (flavour is Flavour.DATA_CENTER)


def test_a_stated_flavour_is_believed(write):
    text = SITE.replace("https://acme.atlassian.net", "https://jira.acme.example") + "    flavour: data_center\n"
    got = load(write(text.replace("user: bot@acme.example, ", "")), ENV)
    assert got.sites[0].flavour is Flavour.DATA_CENTER
    assert got.sites[0].auth == Auth("", Secret("t0p", "env:TOKEN"))
    assert got.warnings == ()


KEYS = (
    "store",
    "rules",
    "sites",
    "name",
    "platform",
    "url",
    "auth",
    "token",
    "webhook",
    "secrets",
    "serves",
    "fields",
    "states",
    "timeout",
    "listen",
    "<<",
    "=",
)
SCALARS = (
    "jira",
    "env:TOKEN",
    "file:x",
    "https://x.example",
    "incident",
    "1",
    "",
    "~",
    "!!binary x",
    "&a b",
    "*a",
    "'",
    "[",
    "{",
    "2026-11-20",
    "\t",
)


@given(
    st.recursive(
        st.sampled_from(SCALARS) | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
        max_leaves=15,
    )
)
@runs(max_examples=150, deadline=None)
def test_any_file_is_read_or_refused_with_a_reason(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "liaison.yaml"
    path.write_text(as_yaml(content), encoding="utf-8", errors="replace")
    said = ""
    try:
        assert load(path, ENV).sites
    except SettingsError as error:
        said = str(error)
    assert not said or str(path) in said


def as_yaml(content: object) -> str:
    """Flow style with raw scalars, so that broken YAML comes up, too."""
    if isinstance(content, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(value)}" for key, value in content.items()) + "}"
    if isinstance(content, list):
        return "[" + ", ".join(map(as_yaml, content)) + "]"
    return str(content)


def test_jira_cloud_has_a_ceiling_below_what_it_refuses_and_others_say_what_they_allow(write):
    assert load(write(SITE), ENV).sites[0].pace == 80.0
