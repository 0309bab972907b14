"""What people write in a Jira comment, as plain lines. What they only quote is marked so: nobody said it here."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connector.jira.comment import SHOWN, adf_text

QUOTED = "> "
CITED = frozenset({"blockquote", "codeBlock"})
FENCE = re.compile(r"\{(quote|code|noformat)(?::[^}\n]{0,200})?\}")
INLINE_CODE = re.compile(r"\{\{([^{}\n]{1,500})\}\}")


def remark(body: Any) -> str:
    """The words of an ADF document or of wiki markup; `""` for anything else."""
    if isinstance(body, Mapping):
        return "\n".join(_adf_lines(body))
    return "\n".join(_wiki_lines(body)) if isinstance(body, str) else ""


def _adf_lines(document: Mapping[str, Any]) -> Iterator[str]:
    blocks = document.get("content")
    for block in blocks if isinstance(blocks, list) else ():
        cited = isinstance(block, Mapping) and str(block.get("type")) in CITED
        yield from (f"{QUOTED}{line}" if cited else line for line in adf_text(block).split("\n"))


def _wiki_lines(markup: str) -> Iterator[str]:
    inside = ""
    for line in markup.replace("\r\n", "\n").split("\n"):
        cited = bool(inside) or line.lstrip().startswith("bq. ")
        for fence in FENCE.findall(line):
            cited = True
            inside = fence if not inside else "" if fence == inside else inside
        bare = INLINE_CODE.sub(r"\1", FENCE.sub("", line).removeprefix("bq. "))
        shown = SHOWN.sub(lambda found: found[1] or chr(min(int(found[2]), 0x10FFFF)), bare)
        yield f"{QUOTED}{shown}" if cited else shown
