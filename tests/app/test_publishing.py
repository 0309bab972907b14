"""Rules files into force: never over what others wrote, whole or not at all, with a history of every change."""

import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from app import publishing as publishing_module
from app import tables
from app.drafts import Draft, DraftError, Folder, hash_of
from app.publishing import Author, Changed, Publisher, Unfit
from app.rulebook import Rulebook
from app.store import Store
from tests.app.test_rulebook import RULES
from tests.support.world import START
from ui.desk_views import Change

EVA = Author("eva@acme.example", "Eva")
NEW = RULES.replace("Have a look", "Have a close look")


class Clock:
    def now(self):
        return START


class Desk:
    def __init__(self, tmp_path):
        self.rules = tmp_path / "rules"
        self.rules.mkdir(exist_ok=True)
        self.file = self.rules / "rules.yaml"
        if not self.file.exists():
            self.file.write_text(RULES)
        self.store = Store(f"sqlite:///{tmp_path}/liaison.db")
        self.store.upgrade()
        self.store.start()
        self.book = Rulebook([self.rules])
        self.publisher = Publisher(self.store, Folder(self.rules), self.book, Clock())

    def draft(self, text=NEW, file="rules.yaml"):
        return Draft(file, hash_of(self.publisher.folder.read(file)), text)

    def publish(self, text=NEW, why="Closer", file="rules.yaml"):
        return self.publisher.publish(self.draft(text, file), why, EVA)

    def history(self):
        return [(one.what, one.file, one.name, one.why) for one in reversed(self.publisher.records())]

    def audit(self):
        with self.store.read() as connection:
            return [tuple(row) for row in connection.execute(select(tables.audit.c.who, tables.audit.c.what))]


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.store.close()


FIRST = (Change.FIRST_SEEN, "rules.yaml", "", "")


def test_what_is_published_is_on_disk_in_force_and_known_at_once(desk):
    before = desk.book.current.hash
    number = desk.publish()
    assert desk.file.read_text() == NEW
    assert desk.book.current.hash != before
    assert desk.history() == [FIRST, (Change.PUBLISHED, "rules.yaml", "Eva", "Closer")]
    one = desk.publisher.record(number)
    assert (one.old, one.new, one.at) == (RULES.encode(), NEW.encode(), START)
    assert desk.audit() == [("eva@acme.example", "rules published")]
    assert [file.name for file in desk.rules.iterdir()] == ["rules.yaml"]


def test_a_file_changed_meanwhile_is_not_touched(desk):
    draft = desk.draft()
    theirs = RULES + "# theirs\n"
    desk.file.write_text(theirs)
    with pytest.raises(Changed, match=r"rules\.yaml was changed meanwhile"):
        desk.publisher.publish(draft, "Closer", EVA)
    assert desk.file.read_text() == theirs
    assert desk.audit() == []


def test_a_change_in_the_last_moment_is_not_written_over(desk, monkeypatch):
    """After everything was checked, right before the new file takes the place of the old one."""
    theirs = RULES + "# theirs\n"
    write = Folder.write

    def late(self, name, content, base):
        desk.file.write_text(theirs)
        return write(self, name, content, base)

    monkeypatch.setattr(Folder, "write", late)
    with pytest.raises(Changed):
        desk.publish()
    assert desk.file.read_text() == theirs
    assert desk.history() == [FIRST]
    assert [file.name for file in desk.rules.iterdir()] == ["rules.yaml"]


def test_of_two_at_once_one_is_published_and_the_other_told(desk):
    drafts = [desk.draft(NEW + f"# {n}\n") for n in range(4)]
    done, told = [], []

    def publish(draft):
        try:
            done.append(desk.publisher.publish(draft, "Closer", EVA))
        except Changed as error:
            told.append(error)

    threads = [threading.Thread(target=publish, args=(draft,)) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), len(told)) == (1, 3)


def test_errors_anywhere_in_the_set_keep_it_from_being_published(desk):
    (desk.rules / "other.yaml").write_text("version: 1\nlists: {a: [x]}\n")
    with pytest.raises(Unfit) as caught:
        desk.publish(RULES + "lists: {a: [y]}\n")
    assert "already defined" in caught.value.problems[0].message
    assert desk.file.read_text() == RULES


def test_two_broken_files_are_mended_one_after_the_other(desk):
    other = desk.rules / "other.yaml"
    for file in (desk.file, other):
        file.write_text("version: 1\nrulez: []\n")
        os.utime(file, (1, 1))
    desk.book.reload()
    assert desk.book.problem
    with pytest.raises(Unfit):
        desk.publish("version: 1\nrulez: {}\n")
    desk.publish(NEW)
    assert desk.book.problem, "the other one is still broken"
    desk.publish("version: 1\n", file="other.yaml")
    assert desk.book.problem == ""


def test_a_new_file_and_its_end(desk):
    number = desk.publish("version: 1\n", file="team/cards.yaml")
    assert (desk.rules / "team" / "cards.yaml").read_text() == "version: 1\n"
    gone = Draft("team/cards.yaml", desk.publisher.record(number).after, None)
    back = desk.publisher.publish(gone, "Not yet", EVA, Change.TAKEN_BACK)
    assert not (desk.rules / "team" / "cards.yaml").exists()
    assert desk.publisher.record(back).new is None
    assert desk.audit()[-1] == ("eva@acme.example", "rules taken back")


def test_line_ends_marks_rights_and_links_stay(desk, tmp_path):
    real = tmp_path / "elsewhere"
    real.mkdir()
    link = desk.rules / "linked.yaml"
    target = desk.rules / "kept" / "real.txt"
    target.parent.mkdir()
    target.write_bytes(b"\xef\xbb\xbfversion: 1\r\nteam: a\r\n")
    target.chmod(0o640)
    link.symlink_to(target)
    desk.publish("version: 1\nteam: b\n", file="linked.yaml")
    assert link.is_symlink()
    assert target.read_bytes() == b"\xef\xbb\xbfversion: 1\r\nteam: b\r\n"
    assert target.stat().st_mode & 0o777 == 0o640


def test_changes_on_the_disk_are_noticed_with_what_was_before(desk):
    desk.publisher.observe()
    desk.file.write_text(NEW)
    (desk.rules / "new.yaml").write_text("version: 1\n")
    desk.publisher.observe()
    desk.publisher.observe()
    (desk.rules / "new.yaml").unlink()
    desk.publisher.observe()
    whats = [(what, file) for what, file, *_ in desk.history()]
    assert whats == [
        (Change.FIRST_SEEN, "rules.yaml"),
        (Change.ON_DISK, "new.yaml"),
        (Change.ON_DISK, "rules.yaml"),
        (Change.ON_DISK, "new.yaml"),
    ]
    changed = desk.publisher.record(3)
    assert (changed.old, changed.new) == (RULES.encode(), NEW.encode())
    gone = desk.publisher.record(4)
    assert (gone.old, gone.new) == (b"version: 1\n", None)


class Died(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("written", [True, False])
def test_a_process_that_ends_in_the_midst_leaves_a_whole_file_and_a_true_history(tmp_path, monkeypatch, written):
    desk = Desk(tmp_path)
    write = Folder.write

    def dies(self, name, content, base):
        if written:
            write(self, name, content, base)
        raise Died

    monkeypatch.setattr(Folder, "write", dies)
    with pytest.raises(Died):
        desk.publish()
    desk.store.close()
    monkeypatch.undo()
    again = Desk(tmp_path)
    again.publisher.observe()
    assert again.file.read_text() == (NEW if written else RULES)
    told = [(Change.PUBLISHED, "rules.yaml", "Eva", "Closer")] if written else []
    assert again.history() == [FIRST, *told]
    assert len(again.audit()) == len(told)
    again.store.close()


def test_a_disk_that_refuses_changes_nothing(desk, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(DraftError, match="No space left on device"):
        desk.publish()
    assert desk.file.read_text() == RULES
    assert desk.history() == [FIRST]
    assert [file.name for file in desk.rules.iterdir()] == ["rules.yaml"]


@pytest.mark.parametrize(
    "name",
    [
        "", "../rules.yaml", "/etc/x.yaml", "a/../b.yaml", "rules.txt", "a\0.yaml", "a//b.yaml", "./a.yaml", "a\n.yaml",
        "..", "c:\\a.yaml", "x" * 300 + ".yaml", "/".join("abcdefghij") + ".yaml", ".yaml/", "outside/a.yaml",
    ],
)  # fmt: skip
def test_no_file_outside_the_folder_is_read_or_written(desk, tmp_path, name):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.yaml").write_text("version: 1\n")
    (desk.rules / "outside").symlink_to(tmp_path / "outside")
    for doing in (desk.publisher.folder.read, desk.publisher.folder.path):
        with pytest.raises(DraftError):
            doing(name)
    with pytest.raises(DraftError):
        desk.publisher.publish(Draft(name, "", "version: 1\n"), "Closer", EVA)


def test_one_file_alone_may_be_all_the_rules(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(RULES)
    folder = Folder(file)
    assert folder.names() == ("rules.yaml",)
    with pytest.raises(DraftError, match=r"only rules\.yaml is read"):
        folder.path("other.yaml")
    assert folder.examined(Draft("rules.yaml", "", "rulez: []"))[1]


def test_where_there_is_no_folder_nothing_can_be_drafted():
    folder = Folder(None)
    assert folder.names() == ()
    with pytest.raises(DraftError, match="no folder for rules"):
        folder.read("a.yaml")


def test_a_store_that_is_away_stops_no_watcher(desk, caplog):
    desk.store.close()
    desk.publisher.observe_quietly()
    assert "noticed later" in caplog.text
    assert publishing_module.log.name == "liaison.rules"
