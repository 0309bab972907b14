"""`liaison sandbox`: the stand-ins alone, on ports of their own, signing webhooks for a Liaison elsewhere."""

import os
import socket
import time
from collections.abc import Mapping

from rich.console import Console

from connector.jira.sandbox import JiraStandIn, hub_signature
from connector.sandbox import Hooks, StandIn
from connector.servicenow.sandbox import ServiceNowStandIn, business_rule
from core.errors import SettingsError
from core.sites import Platform
from core.times import SystemClock


def run(console: Console, platform: str, hook: str, secret: str, ports: Mapping[str, int]) -> None:
    """Until Ctrl-C. Webhooks go to `<hook>/hooks/jira` and `<hook>/hooks/servicenow`.

    Raises SettingsError where a port is taken.
    """
    chosen = [name for name in Platform if platform in (name, "both")]
    for name in chosen:
        _try(name, ports[name])
    started = [_start(name, hook.rstrip("/"), secret, ports[name]) for name in chosen]
    for stand_in, name in started:
        console.print(f"{name:<11} {stand_in.url}/   webhooks to {hook.rstrip('/')}/hooks/{name}", soft_wrap=True)
        console.print(f"            sign in as {SIGN_IN[name]}", soft_wrap=True)
        curl = f"curl -H 'Content-Type: application/json' {stand_in.url}/sandbox/tickets -d '{EXAMPLES[name]}'"
        console.print(f"            create a ticket: {curl}", soft_wrap=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        for stand_in, _ in started:
            stand_in.stop()


SIGN_IN = {Platform.JIRA: "liaison@acme.example / stand-in", Platform.SERVICENOW: "liaison / liaison"}
EXAMPLES = {
    Platform.JIRA: '{"as": "carla", "type": "Incident", "fields": {"summary": "Mail is slow"}}',
    Platform.SERVICENOW: '{"as": "eva", "fields": {"caller_id": "eva", "short_description": "Mail is slow"}}',
}


def _try(name: Platform, port: int) -> None:
    """Before any of them is started: werkzeug would end the process, without a word of what to do here."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise SettingsError(
            f"cannot listen at 127.0.0.1:{port}: {os.strerror(error.errno or 0)}.",
            where=name,
            hint=f"Choose another --{name}-port.",
        ) from error


def _start(platform: Platform, hook: str, secret: str, port: int) -> tuple[StandIn, Platform]:
    stand_in: StandIn
    if platform is Platform.JIRA:
        stand_in = JiraStandIn(port=port)
        stand_in.hooks = Hooks(f"{hook}/hooks/{platform}", hub_signature(secret))
    else:
        stand_in = ServiceNowStandIn(port=port)
        stand_in.hooks = business_rule(f"{hook}/hooks/{platform}", secret, SystemClock())
    stand_in.start()
    return stand_in, platform
