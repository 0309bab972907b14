"""`POST /hooks/<site>`: verify, identify, store, answer 202."""

from collections.abc import Callable, Mapping

import flask

from core.ports import Inbox
from core.sites import Site
from core.times import Clock


def blueprint(
    sites: Mapping[str, Site], inbox: Inbox, clock: Clock, wake_hint: Callable[[], None] | None = None
) -> flask.Blueprint:
    """Webhooks of all sites. `wake_hint` is called after a stored delivery, so that a worker need not wait to look."""
    raise NotImplementedError
