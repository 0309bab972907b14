"""Kept rule sets: the same as read, never another's, never anything but rules."""

import pickle
import sys
from pathlib import Path

import pytest

from rules import load
from rules.cache import SUFFIX, Cache, _seal, key_of
from rules.load import PACKS
from tests.rules.support import decided, incident, write

READING = sys.modules["rules.load"]  # the package has a function of that name
EXAMPLE = Path(__file__).parents[2] / "examples" / "retail"
RULE = "rules: [{id: a, when: {text: card}, messages: {agents: {opened: A.}}}]\n"


@pytest.fixture(autouse=True)
def _every_set_is_worth_keeping(monkeypatch):
    monkeypatch.setattr(READING, "WORTH_KEEPING", -1)


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "kept")


def kept(cache):
    return sorted(cache.folder.glob(f"*{SUFFIX}"))


def replaced(file, content):
    file.write_bytes(_seal(content) + content)


def test_a_kept_rule_set_is_the_one_that_was_read(cache, monkeypatch):
    """Everything that the example and the packs use, read once."""
    first = load([EXAMPLE], cache=cache)
    monkeypatch.setattr(READING, "examine", None)
    again = load([EXAMPLE], cache=cache)
    assert again == first
    assert again is not first
    ticket = incident(title="Card declined", priority="P1")
    assert decided(again, ticket) == decided(first, ticket)


def test_rules_are_kept_after_they_were_asked(tmp_path, cache):
    """What is compiled is not kept with them."""
    rules = load([write(tmp_path, "a.yaml", RULE)], packs=False)
    decided(rules, incident())
    cache.put("key", rules)
    assert cache.get("key") == rules
    assert "matcher" not in vars(cache.get("key"))


def test_another_file_name_or_text_is_another_rule_set(tmp_path, cache):
    """The places of rules are part of what is kept."""
    one, other = write(tmp_path, "one.yaml", RULE), write(tmp_path, "other.yaml", RULE)
    assert load([one], cache=cache).rules[0].place.path == str(one)
    assert load([other], cache=cache).rules[0].place.path == str(other)
    write(tmp_path, "one.yaml", RULE.replace("A.", "B."))
    assert "B." in str(load([one], cache=cache).rules[0].messages)
    assert len(kept(cache)) == 3


def test_keys_do_not_run_into_each_other():
    assert key_of([("a", b"bc", False)]) != key_of([("ab", b"c", False)])
    assert key_of([("a", b"b", False)]) != key_of([("a", b"b", True)])


def test_the_oldest_are_forgotten(cache, tmp_path):
    rules = load([write(tmp_path, "a.yaml", RULE)], packs=False)
    for number in range(7):
        cache.put(f"{number}", rules)
    assert len(kept(cache)) == 4
    assert not list(cache.folder.glob("*.half"))


class Trap:
    def __reduce__(self):
        return Path.touch, (Path("sprung"),)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Trap()),
        pickle.dumps(load),
        pickle.dumps(PACKS),
        b"cos\nsystem\n(S'true'\ntR.",
        b"crules.load\nPath.home\n(tR.",
        b"crules.cache\nos\n.",
        b"\x80\x05.",
        b"",
        b"no pickle",
    ],
)
def test_nothing_but_rules_is_made_of_a_kept_file(tmp_path, cache, content, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write(tmp_path, "a.yaml", RULE)
    rules = load([file], cache=cache)
    replaced(kept(cache)[0], content)
    assert load([file], cache=cache) == rules
    assert not Path("sprung").exists()


def test_a_damaged_file_is_not_believed(tmp_path, cache):
    file = write(tmp_path, "a.yaml", RULE)
    rules = load([file], cache=cache)
    content = bytearray(kept(cache)[0].read_bytes())
    content[len(content) // 2] ^= 1
    kept(cache)[0].write_bytes(content)
    assert load([file], cache=cache) == rules


@pytest.mark.parametrize("who", ["file", "folder"])
def test_what_others_can_write_is_not_believed(tmp_path, cache, who):
    file = write(tmp_path, "a.yaml", RULE)
    rules = load([file], cache=cache)
    name = kept(cache)[0].name.removesuffix(SUFFIX)
    assert cache.get(name) == rules
    (kept(cache)[0] if who == "file" else cache.folder).chmod(0o777)
    assert cache.get(name) is None


def test_a_link_is_not_followed(tmp_path, cache):
    load([write(tmp_path, "a.yaml", RULE)], cache=cache)
    name = kept(cache)[0].name.removesuffix(SUFFIX)
    kept(cache)[0].rename(tmp_path / "elsewhere")
    (cache.folder / f"{name}{SUFFIX}").symlink_to(tmp_path / "elsewhere")
    assert cache.get(name) is None


def test_a_folder_that_cannot_be_made_is_no_obstacle(tmp_path):
    (tmp_path / "file").write_text("")
    file = write(tmp_path, "a.yaml", RULE)
    assert load([file], cache=Cache(tmp_path / "file" / "kept")).rules


def test_rules_with_errors_are_never_kept(tmp_path, cache):
    file = write(tmp_path, "a.yaml", RULE.replace("text", "txet"))
    with pytest.raises(Exception, match="txet"):
        load([file], cache=cache)
    assert not kept(cache)


def test_what_is_quickly_read_is_not_kept(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(READING, "WORTH_KEEPING", 1000)
    assert load([write(tmp_path, "a.yaml", RULE)], cache=cache).rules
    assert not cache.folder.exists()
