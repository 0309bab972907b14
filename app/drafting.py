"""What is asked of a draft, in the process beside the service: the same code as in earnest, over the whole set with the
one file in its place. Nothing is written, and no platform is asked.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rules
from app.drafts import Draft, Folder
from core.errors import Problem, RulesError, Severity
from core.sites import Site
from rules.documents import read
from rules.language import RuleSet
from rules.load import examine
from ui.editor_views import Backtest, ChangeGroup, Checked, Example, Flaw, Previewed, Trial, Trials

if TYPE_CHECKING:
    from app.backtest import Event
    from app.scenes import Scene

# Only what checking needs is read at once: somebody waits for the first answer while the process begins.
Kept = dict[str, Any]
Tell = Callable[[Any], None]
MOST_FLAWS = 200
MOST_TRIALS = 300
MOST_NAMES = 2_000


def check(kept: Kept, folder: Folder, draft: Draft, *, tell: Tell) -> Checked:
    del tell
    found, problems = _examined(kept, folder, draft)
    flaws = [_flaw(problem, folder, draft) for problem in problems]
    shown = [flaw for flaw in flaws if flaw.error or not flaw.file]
    own = sorted(shown, key=lambda flaw: (not flaw.error, flaw.file, flaw.line, flaw.column))[:MOST_FLAWS]
    return Checked(tuple(own), len(flaws) - len(shown), _names(kept, folder, draft, found))


def tests(kept: Kept, folder: Folder, draft: Draft, *, tell: Tell) -> Trials:
    del tell
    found, problems = _examined(kept, folder, draft)
    if errors := _errors(problems):
        return Trials(errors=errors)
    here, trials, others = str(folder.path(draft.file)), [], Counter[str]()
    for result in rules.run_tests(found):
        path, _, line = result.where.rpartition(":")
        if path == here:
            trials.append(Trial(result.name, int(line), result.failures))
        elif not result.passed:
            others[folder.shown(path)] += 1
    return Trials(tuple(trials[:MOST_TRIALS]), others=dict(others))


def preview(kept: Kept, folder: Folder, draft: Draft, scene: "Scene", *, tell: Tell) -> Previewed:
    from app import scenes  # noqa: PLC0415 - see above

    del tell
    found, problems = _examined(kept, folder, draft)
    head = Previewed(scene.ref, scene.ticket.key, scene.ticket.title, scene.moment)
    if errors := _errors(problems):
        return scenes.waiting(head, errors)
    return scenes.played(head, scene, found, _active(kept, folder), str(folder.path(draft.file)))


def play(
    kept: Kept,
    tried: Path,
    active: tuple[Path, ...],
    sites: tuple[Site, ...],
    events: tuple["Event", ...],
    *,
    tell: Tell,
) -> Backtest:
    """Both rule sets over the same events, on this process alone. `tried`: the draft's set as files."""
    from app.backtest import backtest  # noqa: PLC0415 - see above
    from app.backtest_figures import figures  # noqa: PLC0415 - see above
    from app.backtest_report import changes, compared, notable  # noqa: PLC0415 - see above

    del kept
    try:
        result = backtest(events, sites, [tried], active, workers=1, advance=lambda done, of: tell((done, of)))
    except RulesError as error:
        return Backtest("", "", 0, problem=f"The draft, or the rules on the disk, have errors. {error.what}")
    now, before = figures(result.lives, result.unreadable), figures(result.before)
    return Backtest(
        "",
        "",
        0,
        finished=True,
        tickets=now.tickets,
        events=len(events),
        held=now.held,
        compared=tuple(compared(before, now)),
        changes=tuple(
            ChangeGroup(
                change["title"],
                change["rules"],
                change["count"],
                change["tickets"],
                tuple(Example(one.ticket, one.before, one.words) for one in change["samples"]),
            )
            for change in changes(result)
        ),
        notable=tuple(notable(now, result.lives)),
    )


def review(
    kept: Kept, folder: Folder, draft: Draft, most: int, *, tell: Tell
) -> tuple[tuple[Problem, ...], int | None, tuple[rules.TestResult, ...]]:
    """All problems, how many tests ran, and those that failed; None where there are errors, or more than `most`."""
    del tell
    found, problems = _examined(kept, folder, draft)
    if _errors(problems) or sum(not trial.pack for trial in found.tests) > most:
        return problems, None, ()
    results = rules.run_tests(found)
    return problems, len(results), tuple(replace(result, said={}) for result in results if not result.passed)


def proofread(kept: Kept, folder: Folder, *, tell: Tell) -> tuple[str, tuple[Problem, ...]]:
    """How the texts on the disk read: the hash of the set, and all problems."""
    del kept, tell
    found, problems = examine(folder.paths, wording=True)
    return found.hash, problems


# --- the set ----------------------------------------------------------------------------------------------------------


def _examined(kept: Kept, folder: Folder, draft: Draft) -> tuple[RuleSet, tuple[Problem, ...]]:
    """The newest is kept: of one draft several things are asked."""
    key = (draft, _stamps(folder))
    if kept.get("key") != key:
        kept["examined"], kept["key"] = folder.examined(draft, wording=True), key
    found: tuple[RuleSet, tuple[Problem, ...]] = kept["examined"]
    return found


def _active(kept: Kept, folder: Folder) -> RuleSet | None:
    """The rules as they stand on the disk; None where they cannot be used."""
    stamps = _stamps(folder)
    if kept.get("stamps") != stamps:
        kept["stamps"] = stamps
        try:
            kept["active"] = rules.load(folder.paths)
        except RulesError:
            kept["active"] = None
    found: RuleSet | None = kept["active"]
    return found


def _stamps(folder: Folder) -> tuple[tuple[str, int, int], ...]:
    found = []
    for name in folder.names():
        try:
            stat = folder.path(name).stat()
        except OSError:
            continue
        found.append((name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)


def _errors(problems: tuple[Problem, ...]) -> int:
    return sum(problem.severity is Severity.ERROR for problem in problems)


def _flaw(problem: Problem, folder: Folder, draft: Draft) -> Flaw:
    where = folder.shown(problem.path)
    message = problem.message.replace(f"{folder.root}/", "")
    file = "" if where == draft.file else where
    return Flaw(problem.line, problem.column, problem.severity is Severity.ERROR, message, file)


# --- names ------------------------------------------------------------------------------------------------------------


def _names(kept: Kept, folder: Folder, draft: Draft, found: RuleSet) -> Mapping[str, tuple[str, ...]]:
    catalogue = found.catalogue
    named: dict[str, list[str]] = {
        "services": [service.id for service in catalogue.services],
        "locations": [place.id for place in catalogue.locations],
        "calendars": ["always", *found.calendars],
        "phrases": list(found.phrases),
        "rules": [rule.id for rule in found.rules],
        "lists": sorted(_lists(kept, folder, draft)),
    }
    return {sort: tuple(names[:MOST_NAMES]) for sort, names in named.items()}


def _lists(kept: Kept, folder: Folder, draft: Draft) -> set[str]:
    """A rule set has their values in its conditions, and their names nowhere."""
    known = kept.setdefault("lists", {})
    names = set(_listed(draft.file, (draft.text or "").encode()))
    for name, *stamp in _stamps(folder):
        if name == draft.file:
            continue
        if (name, *stamp) not in known:
            known[name, *stamp] = set(_listed(name, folder.read(name) or b""))
        names |= known[name, *stamp]
    return names


def _listed(name: str, content: bytes) -> Iterator[str]:
    try:
        root = read(name, content).root
    except RulesError:
        return
    node = root.get("lists")
    yield from node.entries if node else ()
