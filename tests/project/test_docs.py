"""The docs say what the code does: every name in both directions, every example loads, every command is one."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from marshmallow import fields

import rules
from app import cli, manifest
from app.settings import load as load_settings
from connector.servicenow.people import DETAILS
from connector.servicenow.record import REFERENCES, WHOLE
from core.decisions import Level, Mode, Reason
from core.errors import Severity
from core.moments import MomentKind
from core.notes import Audience, NoteState
from core.promises import Cause, PromiseState
from core.tickets import HoldReason, Kind, Phase, Priority, State
from rules import schema, vocabulary
from rules.documents import read as read_yaml
from rules.entries import RESOLUTIONS
from rules.grammar import GROUPS
from rules.language import LAYERS, Op
from rules.subjects import CHOICES, SUBJECTS

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
REFERENCE = ("settings.md", "rules.md", "moments.md", "commands.md")
PAGES = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.rglob("*.md")),
    *sorted(ROOT.glob("examples/**/*.md")),
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) +(.+?) *$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
Row = tuple[str, ...]


# --- reading the pages -------------------------------------------------------------------------------------------------


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one, whatever its level."""
    bare = FENCE.sub("", text_of(page))
    found = list(HEADING.finditer(bare))
    for place, match in enumerate(found):
        if match[2] == heading:
            end = found[place + 1].start() if place + 1 < len(found) else len(bare)
            return bare[match.end() : end]
    pytest.fail(f"{page} has no heading {heading!r}")


def tables(text: str) -> Iterator[tuple[str, list[Row]]]:
    """Each table as its first heading cell and its rows."""
    for block in re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE):
        lines = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in block.strip().splitlines()]
        yield lines[0][0], lines[2:]


def rows(page: str, heading: str, of: str) -> list[Row]:
    return [row for first, body in tables(section(page, heading)) if first == of for row in body]


def named(page: str, heading: str, of: str) -> list[str]:
    """The names in the first column of a table, which is known by what heads that column."""
    found = [name for row in rows(page, heading, of) for name in CODE.findall(row[0])]
    assert len(found) == len(set(found)), f"{page}, {heading}: a name stands there twice"
    return found


def flat(shape: fields.Nested | schema.Shape, before: str = "") -> Iterator[str]:
    """Every key of a shape, `expect.says` and `milestones[].tell` included."""
    for name, field in (shape.schema if isinstance(shape, fields.Nested) else shape).fields.items():
        full = before + (field.data_key or name)
        yield full
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from flat(inner, f"{full}{'[]' if inner is not field else ''}.")


def walk(command: click.Command, path: tuple[str, ...] = ("liaison",)) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            assert inner.name == name, "the table of commands and the command agree"
            yield from walk(inner, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(walk(cli.main))

# --- names, in both directions -----------------------------------------------------------------------------------------


def test_every_setting_stands_in_its_table_with_its_type_and_default():
    told = {name: row for part in ("The installation", "A site") for row in rows("settings.md", part, "setting")
            for name in CODE.findall(row[0])}  # fmt: skip
    read = {setting.name: setting for setting in manifest.settings_in_code()}
    assert sorted(told) == sorted(read)
    for name, setting in read.items():
        assert told[name][1:3] == (setting.type, written(setting)), name


def written(setting: manifest.Setting) -> str:
    if setting.required:
        return "required"
    if setting.default in (None, ""):
        return ""
    plain = f"[{', '.join(setting.default)}]" if isinstance(setting.default, list) else str(setting.default)
    return f"`{plain}`"


SHAPES = [
    ("A file", "key", schema.FileShape),
    ("A rule", "key", schema.RuleShape),
    ("Cadence", "key", schema.CadenceShape),
    ("Calendars", "key", schema.CalendarShape),
    ("Gates", "key", schema.GateShape),
    ("Families", "key", schema.FamilyShape),
    ("Quiet hours", "key", schema.QuietShape),
    ("Budget", "key", schema.BudgetShape),
    ("Services", "key", schema.ServiceShape),
    ("Locations", "key", schema.LocationShape),
    ("Tests", "key", schema.TrialShape),
    ("The leak guard", "key", schema.FenceShape),
]


@pytest.mark.parametrize(("heading", "of", "shape"), SHAPES, ids=lambda value: value if isinstance(value, str) else "")
def test_every_key_of_the_files_is_told(heading, of, shape):
    assert sorted(named("rules.md", heading, of)) == sorted(flat(schema.SHAPES[shape]))


def test_no_shape_of_the_files_is_forgotten():
    told = {shape for _, _, shape in SHAPES}
    nested = {
        type((field.inner if isinstance(field, fields.List) else field).schema)
        for shape in told
        for field in schema.SHAPES[shape].fields.values()
        if isinstance(field.inner if isinstance(field, fields.List) else field, fields.Nested)
    }
    beside = {schema.CadenceShape, schema.StretchShape, schema.EscalationShape}  # named under `cadence`
    beside |= {schema.CrowdShape}  # named under `audiences`
    assert told | nested | beside == set(schema.SHAPES)


LISTS = [
    ("rules.md", "Conditions", "operator", {*(op for op in Op if op is not Op.IS), *GROUPS}),
    ("rules.md", "Fields of a ticket", "field", {*SUBJECTS, "fields.<name>"}),
    ("rules.md", "A rule", "audience", set(Audience)),
    ("rules.md", "A rule", "resolution", set(RESOLUTIONS)),
    ("rules.md", "Templates", "name", {name.path for name in vocabulary.FOR_EVERYBODY}),
    ("rules.md", "Templates", "name for agents", {name.path for name in vocabulary.FOR_AGENTS}),
    ("rules.md", "Templates", "filter", set(vocabulary.FILTERS)),
    ("rules.md", "Phrases", "phrase", set(rules.load([]).phrases)),
    ("rules.md", "Gates", "gate", {gate.id for gate in rules.load([]).gates}),
    ("moments.md", "Moments", "moment", set(MomentKind)),
    ("moments.md", "Reasons of silence", "reason", set(Reason)),
    ("moments.md", "States of a note", "state", set(NoteState)),
    ("moments.md", "Promises", "promise", set(PromiseState)),
    ("moments.md", "Promises", "cause", set(Cause)),
    ("commands.md", "All commands", "command", set(COMMANDS)),
    ("commands.md", "liaison note", "verb", {"approve", "retry", "drop"}),
]


@pytest.mark.parametrize(
    ("page", "heading", "of", "known"), LISTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_list_of_names_is_the_codes_own(page, heading, of, known):
    assert sorted(named(page, heading, of)) == sorted(map(str, known))


WORDS = [
    ("settings.md", "States", {*State, *HoldReason, *Phase}),
    ("settings.md", "Priorities", set(Priority)),
    ("rules.md", "A rule", {*Level, *Mode, *LAYERS}),
    ("rules.md", "Which rule wins", set(LAYERS)),
    (
        "rules.md",
        "Templates",
        {f"impact.{part}" for part in vocabulary.IMPACT} | {f"loop.{p}" for p in vocabulary.LOOP},
    ),
    ("rules.md", "Settle", set(rules.load([]).settle)),
    ("settings.md", "A site", set(Kind)),
]


@pytest.mark.parametrize(("page", "heading", "words"), WORDS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_word_that_may_be_chosen_is_told(page, heading, words):
    told = set(CODE.findall(section(page, heading)))
    assert {str(word) for word in words} <= told


@pytest.mark.parametrize(
    "field", sorted({"phase", "hold_reason", "resolution", "approval", "requester.kind"} & {*CHOICES})
)
def test_a_field_with_few_values_names_them(field):
    (row,) = [row for row in rows("rules.md", "Fields of a ticket", "field") if CODE.findall(row[0]) == [field]]
    assert set(CODE.findall(row[1])) == set(CHOICES[field])


def test_optional_names_are_marked_so():
    marked = {name for of in ("name", "name for agents") for row in rows("rules.md", "Templates", of)
              for name in CODE.findall(row[0]) if row[1].startswith("may be missing")}  # fmt: skip
    optional = {name.path for name in (*vocabulary.FOR_EVERYBODY, *vocabulary.FOR_AGENTS) if name.optional}
    assert marked == optional


def test_who_hears_what_is_what_the_packs_say():
    packs = rules.load([])
    for row in rows("moments.md", "Moments", "moment"):
        (moment,) = CODE.findall(row[0])
        slots = [(kind, audience) for kind in Kind for audience in (Audience.REQUESTER, Audience.AGENTS)]
        assert row[2:] == tuple(spoken(packs, kind, audience, moment) for kind, audience in slots), moment


def spoken(packs: rules.RuleSet, kind: Kind, audience: Audience, moment: str) -> str:
    of_kind = [rule for rule in packs.rules if any(getattr(part, "values", ()) == (kind,) for part in rule.when.of)]
    entries = [e for rule in of_kind for (who, when), slot in rule.messages.items()
               if (who, when) == (audience, moment) for e in slot.entries.values()]  # fmt: skip
    return ("says" if any(entry.template for entry in entries) else "none") if entries else ""


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_option_of_a_command_is_told(path):
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts if option.startswith("--")}
    assert set(named("commands.md", path, "option")) == options


def test_the_options_before_a_command_are_told():
    options = {option for parameter in cli.main.params for option in parameter.opts}
    assert set(named("commands.md", "All commands", "option")) == options


def test_the_script_for_servicenow_sends_what_spares_a_read():
    script = "\n".join(body for language, body in FENCE.findall(text_of("quickstart.md")) if language == "javascript")
    quoted = set(re.findall(r"'([\w.-]+)'", script))
    assert {column for columns in WHOLE.values() for column in columns} <= quoted
    assert set(DETAILS) - {"location"} <= quoted
    assert {
        "caller_id",
        "requested_by",
        "comments",
        "work_notes",
        "X-Liaison-Timestamp",
        "X-Liaison-Signature",
    } <= quoted
    assert {name for name in REFERENCES if "." not in name} - {"duplicate_of"} <= quoted


# --- examples ----------------------------------------------------------------------------------------------------------

BLOCKS = [
    pytest.param(body, id=f"{page.relative_to(ROOT)}-{number}")
    for page in PAGES
    for number, (language, body) in enumerate(FENCE.findall(page.read_text(encoding="utf-8")), 1)
    if language == "yaml"
]


@pytest.mark.parametrize("body", BLOCKS)
def test_every_yaml_example_loads(body, tmp_path):
    """A whole rules file, catalogue or liaison.yaml through the real loader; a piece of one as YAML."""
    document = read_yaml("example.yaml", body.encode())
    assert document.problems == []
    keys = document.root.keys
    if "version" in keys:
        assert loads_as_rules(body, tmp_path)
    elif "sites" in keys:
        loads_as_settings(body, tmp_path)
    elif "signing_in" in keys:
        site = "sites: [{name: a, platform: jira, url: 'https://a.atlassian.net', auth: {user: a, token: env:T}}]\n"
        loads_as_settings(body + site, tmp_path)
    elif {"when", "unless"} & keys.keys():
        assert loads_as_rules(rule_around(body), tmp_path)
    else:
        site = "sites:\n  - name: a\n    platform: jira\n    url: https://a.atlassian.net\n" + "".join(
            f"    {line}\n" for line in ("auth: {user: a, token: env:T}", *body.splitlines())
        )
        loads_as_settings(site, tmp_path)


def rule_around(body: str) -> str:
    shared = 'lists: {card_services: [card-gateway]}\ncalendars: {xmas_freeze: {dates: ["2026-11-23..2026-12-31"]}}\n'
    inside = "".join(f"    {line}\n" for line in body.splitlines())
    return f"version: 1\n{shared}rules:\n  - id: example\n    messages: {{agents: {{opened: Hello.}}}}\n{inside}"


def loads_as_rules(text: str, folder: Path) -> rules.RuleSet:
    path = folder / "example.yaml"
    path.write_text(text, encoding="utf-8")
    assert [str(p) for p in rules.check([path]) if p.severity is Severity.ERROR] == []
    book = rules.load([path])
    assert [(result.name, result.failures) for result in rules.run_tests(book) if not result.passed] == []
    return book


def loads_as_settings(text: str, folder: Path) -> None:
    (folder / "rules.d").mkdir(exist_ok=True)
    path = folder / "liaison.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_settings(path, dict.fromkeys(re.findall(r"env:(\w+)", text), "secret")).sites


def test_the_taste_in_the_readme_is_a_rule(tmp_path):
    taste = re.search(
        r"^(?: {4}.*\n)+", (ROOT / "README.md").read_text(encoding="utf-8").partition("## A taste")[2], re.MULTILINE
    )
    shared = "services: [{id: card-payments, name: card payments}]\n"
    book = loads_as_rules(f"version: 1\n{shared}rules:\n{taste[0]}", tmp_path)
    assert "card-payments-down" in {rule.id for rule in book.rules}


def test_the_example_installation_loads(tmp_path):
    """With its secrets in place, and without a doubt but those about what only a real installation has."""
    text = (ROOT / "examples" / "liaison.yaml").read_text(encoding="utf-8")
    (tmp_path / "retail").symlink_to(ROOT / "examples" / "retail")
    for name in re.findall(r"file:([\w./-]+)", text.partition("sites:")[2]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("secret\n", encoding="utf-8")
    (tmp_path / "liaison.yaml").write_text(text, encoding="utf-8")
    found = load_settings(tmp_path / "liaison.yaml", dict.fromkeys(re.findall(r"env:([A-Z_]+)", text), "secret"))
    assert [site.name for site in found.sites] == ["acme-jira", "works-jira", "acme-snow"]
    assert found.warnings == ()


def test_pieces_are_plain_yaml_for_every_reader():
    for page in PAGES:
        for language, body in FENCE.findall(page.read_text(encoding="utf-8")):
            if language == "yaml":
                assert isinstance(yaml.safe_load(body), dict), page


# --- commands ----------------------------------------------------------------------------------------------------------


def command_lines(page: Path) -> Iterator[str]:
    text = page.read_text(encoding="utf-8")
    for language, body in FENCE.findall(text):
        if language == "sh":
            yield from (line for line in body.splitlines() if line.startswith("liaison "))
    yield from (code for code in CODE.findall(FENCE.sub("", text)) if code.startswith("liaison "))


LINES = sorted({(str(page.relative_to(ROOT)), line) for page in PAGES for line in command_lines(page)})


@pytest.mark.parametrize(("page", "line"), LINES, ids=lambda value: value[:60])
def test_every_command_line_is_accepted(page, line):
    del page
    words = shlex.split(line, comments=True)[1:]
    words = words[: words.index(">")] if ">" in words else words  # what follows is the shell's
    command: click.Command = cli.main
    context = click.Context(command, info_name="liaison")
    while isinstance(command, click.Group):
        options, words, _ = command.make_parser(context).parse_args(words)
        if not words or words[0] == "COMMAND":
            return
        name, command, words = command.resolve_command(context, words)
        context = click.Context(command, info_name=name, parent=context)
    if not words:  # a command's bare name, in a sentence
        return
    options, rest, _ = command.make_parser(context).parse_args([*words])
    assert rest == []
    for parameter in command.params:
        given = options.get(parameter.name)
        if isinstance(parameter.type, click.Choice) and isinstance(given, str) and not given.isupper():
            parameter.type.convert(given, parameter, context)
        if parameter.required and not options.get("help") and "--help" not in words:
            # click marks what is missing with a value of its own
            assert given if isinstance(given, str | tuple) else "", f"{line}: {parameter.name} is missing"


def test_command_lines_are_found():
    assert len(LINES) > 20


# --- links and house rules ---------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """As the common renderers make them: small letters, blanks as dashes, other signs gone."""
    titles = [match[2] for match in HEADING.finditer(FENCE.sub("", page.read_text(encoding="utf-8")))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_name_no_folder_of_a_developers_machine(page):
    assert not re.search(r"(?<![\w.])/(?:work|home|tmp|root|Users)/", page.read_text(encoding="utf-8"))


def test_of_the_keys_only_a_places_hours_wait_to_be_built():
    """A key that loads and does nothing is called "not active yet" in the reference."""
    told = {
        (heading, name)
        for heading, of, _ in SHAPES
        for row in rows("rules.md", heading, of)
        if "not active yet" in row[1]
        for name in CODE.findall(row[0])
    }
    assert told == {("Locations", "hours")}
