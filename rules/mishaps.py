"""What a YAML parser's complaint means for the person who wrote the file."""

import re
from collections.abc import Iterator

import yaml

INDENT = "the indentation does not fit the lines above; entries of one list or mapping start in the same column."
COLON = "a ': ' where none can be: put the whole text in quotes, or mind the indentation."
MEANINGS = (
    ("mapping values are not allowed", COLON),
    ("expected ',' or ']'", "the [ that opens {opened} is not closed before this."),
    ("expected ',' or '}'", "the {{ that opens {opened} is not closed before this."),
    ("did not find expected key", INDENT),
    ("did not find expected '-' indicator", INDENT),
    ("did not find expected node content", "a [ or {{ is not closed, or a comma has nothing before it."),
    ("could not find expected ':'", "a ':' is missing after this key, or a text over several lines needs quotes or |."),
    ("unknown escape character", "an unknown \\ escape in double quotes; use single quotes, or write \\\\."),
)
SIGNS = {
    "\t": "a tab: YAML indents with spaces only.",
    "@": "a text that starts with @ must stand in quotes.",
    "`": "a text that starts with ` must stand in quotes.",
    "%": "a text that starts with % must stand in quotes.",
}
NEAR = 3  # lines that are looked at before the one where the parser gave up
STRANGE_BLANK = re.compile(r"[\u00a0\u2007\u202f\u3000]")
STRANGE_QUOTE = re.compile(r"(?:[:,\[{-]\s*)([\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019\u201a])")
CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?= |$)")


def in_words(error: yaml.YAMLError, source: str) -> tuple[int, int, str]:
    """Line, column (from 1) and a sentence for a parser's error."""
    mark = getattr(error, "problem_mark", None)
    if not isinstance(error, yaml.MarkedYAMLError) or mark is None:
        return 1, 1, f"this is not YAML: {error}"
    if "end of stream" in (error.problem or "") and error.context_mark:
        opened = error.context_mark
        return opened.line + 1, opened.column + 1, "the quote that opens here is never closed."
    return mark.line + 1, mark.column + 1, " ".join((_meaning(error, source), *_pasted(source, mark.line)))


def _pasted(source: str, last: int) -> Iterator[str]:
    """What word processors, web pages and version control leave in a file, near the line where it was noticed."""
    lines = source.split("\n")
    for number in range(last, max(last - NEAR, -1), -1):
        line = lines[number] if number < len(lines) else ""
        if CONFLICT.match(line):
            yield f"Line {number + 1} is the mark of an unfinished merge: keep one of the two versions, and no mark."
        elif found := STRANGE_BLANK.search(line):
            yield f"In line {number + 1}, column {found.start() + 1} is a no-break space: type an ordinary one."
        elif found := STRANGE_QUOTE.search(line):
            yield f'To YAML the mark {found[1]} in line {number + 1} is a letter like any other: write " instead.'
        else:
            continue
        return


def _meaning(error: yaml.MarkedYAMLError, source: str) -> str:
    problem, mark, context = error.problem or "", error.problem_mark, error.context_mark
    if "cannot start any token" in problem and mark is not None:
        sign = source[mark.index : mark.index + 1]
        return SIGNS.get(sign, f"a text cannot start with {sign!r}; put it in quotes.")
    opened = f"at {context.line + 1}:{context.column + 1}" if context else "above"
    for part, meaning in MEANINGS:
        if part in problem:
            return meaning.format(opened=opened)
    return f"this is not YAML: {error.context + ': ' if error.context else ''}{problem}."
