"""Lists as CSV files that spreadsheets open as what they are: text, and never a formula.

Whoever writes a ticket may write `=HYPERLINK(...)` into its title. What a spreadsheet would take for a formula gets an
apostrophe before it, as OWASP advises, also behind a separator or a quote in the midst of a cell: a spreadsheet that
separates by semicolons would begin a cell of its own there.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Stands first in the file: without it Excel reads UTF-8 as something else."""
TRIGGERS = "=+\\-@\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
FORMULA = re.compile(rf"((?:^|[;,|\"'])\s*)([{TRIGGERS}])")
BREAKS = re.compile(r"\s+")


def sheet(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Every cell quoted, lines ended as RFC 4180 says, UTF-8 with its mark."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return (MARK + text.getvalue()).encode()


def safe(cell: str) -> str:
    """The cell in one line, without what cannot be seen, and without anything that begins a formula."""
    seen = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in cell)
    return FORMULA.sub(r"\1'\2", BREAKS.sub(" ", seen).strip())
