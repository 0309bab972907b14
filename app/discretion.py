"""What no log may hold: the secrets that stand in addresses, of requesters' pages and of one-time links."""

import logging
import re
import traceback

import flask

SECRET = re.compile(r"(/(?:t|enter)/)([^\s/?#\"'<>\])]+)")
HIDDEN = "[hidden]"


class Discreet(logging.Filter):
    """Hides them in a record: in its words, and in the trace of its error, which may quote one without its address."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        secrets = {token for _, token in SECRET.findall(said)} | _asked()
        record.msg, record.args = _without(said, secrets), ()
        if record.exc_info and record.exc_info[0]:
            trace = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            secrets |= {token for _, token in SECRET.findall(trace)}
            record.exc_info, record.exc_text = None, _without(trace, secrets)
        return True


DISCREET = Discreet()


def keep(*loggers: logging.Logger) -> None:
    """At the source: whatever handles the records, by whatever formatter, gets them without secrets."""
    for logger in loggers:
        logger.addFilter(DISCREET)


def _asked() -> set[str]:
    """The secret in the address that is being answered."""
    found = (flask.request.view_args or {}).get("token") if flask.has_request_context() else None
    return {found} if found else set()


def _without(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 8:  # noqa: PLR2004 - no token is so short, and words would suffer
            text = text.replace(secret, HIDDEN)
    return SECRET.sub(rf"\1{HIDDEN}", text)
