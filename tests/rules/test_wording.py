"""What the wording check says about a text, and what it leaves in peace."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rules
from core.errors import Severity
from core.notes import CUSTOMER_FACING
from rules.completeness import AFFECTED, CAN_DO, NEEDED, NEXT, WE_DO, WHEN
from rules.documents import read as read_yaml
from rules.glossary import Glossary
from rules.load import PACKS
from rules.proofread import style_of, texts
from rules.readability import grade, sentences
from rules.rehearsal import rehearse
from rules.vocabulary import FOR_EVERYBODY
from rules.wording import MANY_WORDS, Flaw, Style, measure_of, remarks
from tests.rules.support import write

ROOT = Path(__file__).parent.parent.parent
STYLE = style_of(rules.load([]))
GOLD = {  # The handbook's own examples: nothing may be said against them.
    "opened": "Card payments are not working in our Berlin stores. Cash and vouchers still work. This is our most urgent "
    "case. We will write again by 14:30 today.",
    "update_due": "Card payments are still down in our Berlin stores. We are still looking for the cause. Cash still "
    "works. We will write again by 15:00 today.",
    "resolved": "Card payments work again in our Berlin stores. If a customer paid twice, tell us here. If it fails "
    "again, reply here.",
    "reopened": "Card payments have stopped again in our Berlin stores. We said they worked, and we are sorry. Please "
    "take cash. We will write again by 16:40 today.",
    "announced": "We will update the online shop on Sunday 22 November, 02:00 to 04:00 (Berlin time). You cannot place "
    "orders then. Stores are not affected. You need do nothing. Questions? Reply here.",
    "delayed": "The shop update is taking longer. You still cannot place orders. We said 04:00 and will not make it. "
    "We will write again by 05:00.",
    "finished": "The shop update is done. You can place orders again. Please try one thing you do every day. If it looks "
    "wrong, reply here.",
    "waiting_for_requester": "We asked you a question in this ticket and need your answer to go on. Just reply here. We "
    "will remind you once, on Friday at 10:00.",
}
BAD = (  # Its "never" list, and their like: each with the flaw that must be named.
    ("Your ticket has been updated. Status: In Progress.", Flaw.EMPTY),
    ("We apologise for any inconvenience caused.", Flaw.EMPTY),
    ("We apologize for the inconvenience this may have caused.", Flaw.EMPTY),
    ("The vendor's gateway failed over; latency is degraded.", Flaw.BLAME),
    ("The vendor's gateway failed over; latency is degraded.", Flaw.JARGON),
    ("It should be fixed shortly.", Flaw.VAGUE),
    ("We will be back soon.", Flaw.VAGUE),
    ("We will fix it as soon as possible.", Flaw.VAGUE),
    ("Hopefully it works tomorrow.", Flaw.VAGUE),
    ("We expect it to be over by noon.", Flaw.VAGUE),
    ("We expect card payments to be fixed within the hour.", Flaw.VAGUE),
    ("The tills will be working again in an hour.", Flaw.VAGUE),
    ("Die Kassen sollten gegen Mittag wieder gehen.", Flaw.VAGUE),
    ("Please bear with us.", Flaw.EMPTY),
    ("It was a user error.", Flaw.BLAME),
    ("Another company is to blame.", Flaw.BLAME),
    ("Der Fehler lag beim Anwender.", Flaw.BLAME),
    ("You should have saved your work.", Flaw.BLAME),
    ("You forgot to sign in.", Flaw.BLAME),
    ("The outage was caused by our provider.", Flaw.BLAME),
    ("The case is being looked at, and the fault has been found.", Flaw.PASSIVE),
    ("The page was closed by the team.", Flaw.PASSIVE),
    ("Please be advised that the shop is closed.", Flaw.EMPTY),
    ("Thank you for your patience.", Flaw.EMPTY),
    ("The DNS failover is done.", Flaw.JARGON),
    ("We rolled back the deployment.", Flaw.JARGON),
    ("This is a P1.", Flaw.JARGON),
    ("The perspicacious concierge is down.", Flaw.RARE),
    ("Use the SSID, the VDI, the HDD or the RTC.", Flaw.ABBREVIATIONS),
    ("Please stop!!", Flaw.LOUD),
    ("PLEASE STOP NOW and wait.", Flaw.LOUD),
    ("Wir melden uns schnellstmöglich.", Flaw.VAGUE),
    ("Wir entschuldigen uns für die Unannehmlichkeiten.", Flaw.EMPTY),
)


def said(text, audience="requester", moment="", style=STYLE, **options):
    return remarks(text, audience, moment, style=style, **options)


def flaws(*args, **options):
    return {remark.flaw for remark in said(*args, **options)}


@pytest.mark.parametrize(("moment", "text"), GOLD.items())
def test_nothing_is_said_against_the_handbooks_examples(moment, text):
    assert said(text, moment=moment, paced=True) == ()


@pytest.mark.parametrize(("text", "flaw"), BAD)
def test_what_the_handbook_never_says_is_pointed_out(text, flaw):
    found = [remark for remark in said(text) if remark.flaw is flaw]
    assert found
    assert all(remark.message.rstrip(".").count(". ") or "; " in remark.message for remark in found), found


def test_every_flaw_is_tried():
    tried = {flaw for _, flaw in BAD} | {Flaw.GRADE, Flaw.LONG, Flaw.MISSING}
    assert tried == set(Flaw)


def test_a_remark_says_what_to_write_instead():
    (remark,) = said("We will fix the latency.")
    assert remark.message == "'latency' is a word of the trade. Say 'delay'."
    assert (remark.line, remark.column) == (1, 17)


def test_long_sentences():
    """25 words are well, 26 are told, 41 are told with force."""
    for count, strong in ((25, None), (26, False), (40, False), (41, True)):
        found = [r for r in said(" ".join(["go"] * count) + ".") if r.flaw is Flaw.LONG]
        assert [r.strong for r in found] == ([] if strong is None else [strong]), count


def test_agents_may_be_told_more():
    text = "The DNS cluster failed over and latency is being looked at. Hopefully it holds."
    assert flaws(text, "agents") == set()
    assert {Flaw.JARGON, Flaw.VAGUE, Flaw.PASSIVE} <= flaws(text)
    assert flaws("It was a user error.", "agents") == {Flaw.BLAME}


def test_a_place_in_the_template_is_named_though_values_and_branches_stand_before_it():
    source = "{{ service.name }} is down.\n{% if window %}\nUse the {{ location.name }} proxy.{% endif %}"
    (found,) = [r for r in said(source) if r.flaw is Flaw.JARGON]
    assert (found.line, found.column, "'proxy'" in found.message) == (3, 29, True)


def test_both_branches_are_read():
    source = "{% if window %}Fine.{% else %}A failover.{% endif %} {% if not promised %}Latency.{% endif %}"
    assert [r.message.split()[0] for r in said(source) if r.flaw is Flaw.JARGON] == ["'failover'", "'Latency'"]


def test_values_are_not_held_against_the_template():
    """What the catalogue and the ticket put in is nothing the writer of the rule can mend."""
    for name in FOR_EVERYBODY:
        found = said(f"Fine: {{{{ {name.path} }}}}.")
        assert found == (), (name.path, found)


def test_names_of_the_catalogue_and_allowed_words_may_stand():
    style = Style(STYLE.glossary, frozenset({"voucherino", "click and collect", "dns"}), ("Gateway Fjordhaven",))
    assert flaws("Voucherino, DNS and the gateway at fjordhaven: click and collect.", style=style) <= {Flaw.GRADE}
    assert flaws("The failover is done.", style=style) == {Flaw.JARGON}


def test_a_glossary_of_ones_own():
    style = Style(Glossary({"dongle": {"": "key"}, "tear down": {"en": "remove"}, "GRC": {"": "our rules"}}))
    assert [r.message for r in said("Two dongles.", style=style)] == ["'dongles' is a word of the trade. Say 'key'."]
    assert flaws("We tore it down.", style=style) == set()
    assert flaws("We teared down the tent.", style=style) == {Flaw.JARGON}
    assert Flaw.JARGON not in flaws("The grc is new.", style=style)
    assert Flaw.JARGON not in flaws("Wir tear down.", style=style, language="de")


def test_parts_of_a_good_update_that_are_missing():
    told = [
        r.message.removeprefix("this does not say ").partition(".")[0]
        for r in said("Hello.", moment="opened", paced=True)
    ]
    assert told == [
        "what is affected",
        "what people can do meanwhile",
        "what you do about it",
        "when the next word comes",
    ]
    assert "when the next word comes" not in str(said("Hello.", moment="opened", paced=False))
    assert said("Hello.", moment="closed", paced=True) == ()
    assert said("Hello.", "agents", moment="opened", paced=True) == ()


@pytest.mark.parametrize("moment", ["waiting_for_requester", "check_in"])
def test_who_is_asked_something_is_not_to_be_told_that_there_is_nothing_to_do(moment):
    (told,) = said("The work rests until Friday.", moment=moment)
    assert told.message == "this does not say what people can do. Add “Just reply here.”"
    assert said("We need your answer to go on.", moment=moment) == ()


def test_names_in_the_template_are_parts_too():
    source = "{{ service.name }}. {{ service.workaround }} {{ progress }} {{ next_update.text }}."
    assert said(source, moment="opened", paced=True) == ()


def test_a_text_that_cannot_be_read_gets_no_remarks():
    assert said("{{ x") == ()
    assert said("latency " * 2000) == ()


def test_the_grade_is_the_formulas():
    """16 words in 2 sentences, 22 syllables."""
    read = sentences("Customers cannot pay by card in any of our stores. The team is looking into it.")
    assert [len(s.words) for s in read] == [10, 6]
    assert grade(read) == pytest.approx(0.39 * 16 / 2 + 11.8 * 22 / 16 - 15.59)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two? Three!", 3),
        ("See e.g. the list of St. Mary's. Then go.", 3),
        ("It is 14:30. We go at 4.30 p.m. today.", 2),
        ("Please:\n- pay cash\n- reply here", 3),
        ("One line\n\nanother", 2),
        ('Wait… Now. "Done." Yes', 4),
        ("", 0),
        ("...", 0),
    ],
)
def test_sentences_are_told_apart(text, count):
    assert len(sentences(text)) == count


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["requester", "agents"]), st.sampled_from(["en", "de", "pl"]))
def test_any_text_is_answered(text, audience, language):
    lines = text.count("\n") + 1
    for remark in said(text, audience, "opened", language=language, paced=True):
        assert 1 <= remark.line <= lines
        assert 1 <= remark.column <= len(text) + 1


def test_the_docs_name_every_part_and_flaw():
    page = (ROOT / "docs" / "wording.md").read_text(encoding="utf-8")
    rows = [
        [c.strip() for c in line.strip().strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")
    ]
    told = {row[0].strip("`"): [place for place, cell in enumerate(row[1:]) if cell] for row in rows if len(row) == 6}
    parts = [AFFECTED, CAN_DO, WE_DO, NEXT, WHEN]
    asked = {str(moment): sorted(parts.index(part) for part in needed) for moment, needed in NEEDED.items()}
    assert {name: places for name, places in told.items() if ".txt" not in name} == asked
    assert {row[0].strip("`") for row in rows if len(row) == 3} == set(Flaw)


# --- whole files -------------------------------------------------------------------------------------------------------


def shipped():
    files = [*sorted(PACKS.glob("*.yaml")), *sorted((ROOT / "examples" / "retail").glob("*.yaml"))]
    return [(f.name, text) for f in files for text in texts(read_yaml(f.name, f.read_bytes()))]


SHIPPED = shipped()


@pytest.mark.parametrize("path", [[], [ROOT / "examples" / "retail"]], ids=["packs", "example"])
def test_nothing_is_said_against_what_we_ship(path):
    found = rules.check(path, wording=True)
    assert [str(p) for p in found] == []


def test_every_shipped_text_for_customers_reads_at_grade_eight_or_lower():
    """Each way through each template, German by its own measure; and there are many of them."""
    grades = {}
    for name, text in SHIPPED:
        if text.audience in CUSTOMER_FACING:
            for number, heard in enumerate(rehearse(str(text.node.value), text.language)):
                read_aloud = sentences(heard.text)
                if text.language == "de" and sum(len(one.words) for one in read_aloud) < MANY_WORDS["de"]:
                    continue  # too short for the German measure
                most = measure_of(text.audience).most(text.language)
                grades[name, text.slot, text.node.mark.line, number] = grade(read_aloud, text.language) - most
    assert len(grades) >= 80
    assert {where: over for where, over in grades.items() if round(over, 1) > 0} == {}


def test_every_text_of_the_packs_is_found_by_the_reader_of_files():
    """The walk over the files finds as many texts as the rules have."""
    book = rules.load([ROOT / "examples" / "retail"])
    read = sum(
        len({e.template for _, e in slot.all() if e.template}) for r in book.rules for slot in r.messages.values()
    )
    assert sum("." in text.slot and not text.slot.startswith(("impact", "phrases")) for _, text in SHIPPED) >= read


def test_check_gives_file_line_and_column(tmp_path):
    path = write(
        tmp_path,
        "r.yaml",
        """
        glossary: {dongle: {en: key}}
        allow_words: [proxy]
        services: [{id: shop, name: the shop, workaround: Use the dongle.}]
        rules:
          - id: a
            when: {kind: incident}
            messages:
              requester:
                opened: |
                  The shop is down. Use the proxy.
                  We fix the latency soon.
                resolved:
                  fixed: "The dongle works again. Please try it."
              agents: {opened: The latency is high.}
            cadence: {requester: {every: 1h}}
        """,
    )
    found = [p for p in rules.check([path], packs=False, wording=True) if p.severity is Severity.WARNING]
    assert [str(p).removeprefix(f"{path}:") for p in found] == [
        "5:59: workaround: 'dongle' is a word of the trade. Say 'key'.",
        "12:11: requester.opened: this does not say when the next word comes. Add “We will write again {{ next_update.text }}.”",
        "13:30: requester.opened: 'soon' promises what nobody knows. Give the time: {{ next_update.text }}.",
        "15:23: requester.resolved.fixed: 'dongle' is a word of the trade. Say 'key'.",
    ]
    assert rules.check([path], packs=False) == ()


def test_a_closing_question_that_names_nobody_is_read_as_the_requesters(tmp_path):
    file = write(
        tmp_path, "r.yaml", "rules: [{id: a, closing: {after: 1d, say: Hopefully all is well. Just reply here.}}]"
    )
    assert "hopefully" in str(rules.check([file], packs=False, wording=True)).casefold()


def test_words_of_a_language_that_cannot_be_said_are_not_judged_as_english(tmp_path):
    text = "phrases: {done: {en: All is well., nl: Wij hebben de oorzaak gevonden en werken eraan.}}"
    (told,) = rules.check([write(tmp_path, "r.yaml", text)], packs=False, wording=True)
    assert told.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("glossary: [a]", "glossary is a mapping from a word to the plain words to use instead."),
        ("glossary: {pod: }", "'pod' needs plain words in their place: pod: delay."),
        ("glossary: {pod: {english: part}}", "'english' is no language; write en or de."),
        ("guard: [{id: a, matches: '(', because: b}]", "`matches`: '(' is not a pattern: missing ) at character 1."),
        ("guard: [{id: a, matches: 'x?', because: b}]", "'x?' matches the empty text"),
        ("guard: [{id: a, matches: 'again', because: b}]", "'again' matches ordinary words ('again')"),
        ("guard: [{id: a, matches: 'x'}]", "because is missing."),
    ],
)
def test_sections_of_words_that_cannot_be_read(tmp_path, section, message):
    (found,) = rules.check([write(tmp_path, "r.yaml", section)], packs=False)
    assert message in found.message
    assert found.severity is Severity.ERROR
