"""Journal texts as ServiceNow shows them: the whole history in one value, newest first, each entry under a header."""

import re

HEADER = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - .{1,200} \([^()\n]{1,60}\)$", re.MULTILINE)


def latest(text: str) -> str:
    """The newest entry of a journal's display value, without its header; any other text as it is."""
    headers = list(HEADER.finditer(text))
    if not headers or headers[0].start() != 0:
        return text
    end = headers[1].start() if len(headers) > 1 else len(text)
    return text[headers[0].end() : end].strip()
