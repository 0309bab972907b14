"""The leak guard over a committed corpus: everything of IT's inside is caught, nothing of ordinary words is."""

from pathlib import Path

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.guard import bare, leaks, normal
from rules.tells import TELLS


def corpus(name):
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line and not line.startswith("# ")]


LEAKING, ORDINARY = corpus("leaking.txt"), corpus("ordinary.txt")


def test_the_corpora_are_worth_their_name():
    assert len(TELLS) >= 90
    assert len(LEAKING) >= 300
    assert len(ORDINARY) >= 150


@pytest.mark.parametrize("text", LEAKING)
def test_a_leak_is_caught(text):
    assert leaks(text), text


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_words_pass(text):
    assert leaks(text) == ()


@given(st.sampled_from(LEAKING), st.sampled_from(ORDINARY), st.sampled_from([" ", "\n", ": ", " - ", "("]))
def test_a_leak_is_caught_between_ordinary_words(leak, words, between):
    assert leaks(f"{words}{between}{leak}\n{words}")


@given(st.sampled_from(LEAKING), st.data())
def test_invisible_characters_hide_nothing(leak, data):
    at = data.draw(st.integers(0, len(leak)))
    unseen = data.draw(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u202e\u2066\U000e0041\u034f"))
    assert leaks(leak[:at] + unseen + leak[at:])


@given(st.sampled_from(LEAKING))
def test_wide_letters_hide_nothing(leak):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in leak)
    assert leaks(wide)


@pytest.mark.parametrize("after", [".", ",", ";", ")", "!", "?", "]", '"', "'", "…"])
@pytest.mark.parametrize("leak", ["web01.acme.local", "10.0.0.1", "ada@acme.example", "ORA-00942", "/var/log/pay"])
def test_punctuation_right_after_it_hides_nothing(leak, after):
    assert leaks(f"See{after}{leak}{after}now")


@given(st.sampled_from(ORDINARY), st.sampled_from(ORDINARY))
def test_two_ordinary_messages_after_each_other_pass(one, two):
    assert leaks(f"{one}\n{two}") == ()


def test_an_allowed_text_passes_only_as_it_stands():
    """The help desk's address may be said; an address that merely contains it may not."""
    allow = ["help@acme.example", "www.acme.com"]
    assert leaks("Write to Help@acme.example or see www.acme.com.", allow) == ()
    assert leaks("Write to xhelp@acme.example", allow)
    assert leaks("Write to help@acme.example.evil.com", allow)
    assert leaks("Write to help@acme.example and ada@acme.example", allow)


def test_the_own_key_passes_when_allowed():
    assert leaks("Your report INC0012345 is with our team.", ["INC0012345"]) == ()
    assert leaks("Your report INC0012345 is with our team.")
    assert leaks("It is the same as INC0012346.", ["INC0012345"])


@pytest.mark.parametrize("after", [".", ")", ", or call us.", "\nThank you.", "\n\nThank you", '"'])
@pytest.mark.parametrize("allowed", ["https://www.acme.com/help", "help@acme.example", "www.acme.com"])
def test_what_follows_an_allowed_text_does_not_matter(allowed, after):
    assert leaks(f"See {allowed}{after}", [allowed]) == ()
    assert leaks(f"See\n{allowed}{after}", [allowed]) == ()


def test_an_empty_allowed_text_allows_nothing():
    assert leaks("See 10.0.0.1", ["", " "])


def test_a_find_says_what_it_is_and_where():
    (leak,) = leaks("It runs on 10.0.0.1 now.")
    assert (leak.kind, leak.text, leak.start, leak.end) == ("an IP address", "10.0.0.1", 11, 19)


@given(st.text(max_size=400))
def test_any_text_is_answered(text):
    """Whatever is written, the guard answers, and what it finds stands there."""
    flat = "".join(normal(text).splitlines())
    views = (flat, bare(flat))
    assert all(any("".join(leak.text.splitlines()) in view for view in views) for leak in leaks(text))


@settings(max_examples=30)
@given(st.lists(st.sampled_from(LEAKING + ORDINARY), max_size=12).map("\n".join))
def test_the_set_finds_what_each_pattern_finds(text):
    """The set is only a shortcut: it must never know fewer hits than its patterns, one by one."""
    flat = normal(text)
    alone = {
        (tell.kind, match.group(1 if re2.compile(tell.pattern).groups else 0))
        for tell in TELLS
        for match in re2.compile(tell.pattern).finditer(flat)
        if tell.sure is None or tell.sure(match.group(1 if re2.compile(tell.pattern).groups else 0))
    }
    assert alone <= {(leak.kind, leak.text) for leak in leaks(text)}


def test_a_long_text_does_not_outgrow_the_guard():
    """RE2 gives up silently when it runs out of memory: a leak at the end of a very long text is still found."""
    assert leaks("Cash still works. " * 20_000 + "10.0.0.1")
