"""Both stand-ins in a process of their own, which survives Liaison. Prints where they are; ends when stdin closes."""

import json
import sys
from pathlib import Path

from connector.jira.sandbox import JiraStandIn, hub_signature
from connector.sandbox import Hooks
from connector.servicenow.sandbox import ServiceNowStandIn, business_rule
from core.times import SystemClock


def main():
    folder, courier, secret = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    snow = ServiceNowStandIn(ledger=folder / "servicenow.ledger")
    jira = JiraStandIn(ledger=folder / "jira.ledger")
    snow.hooks = business_rule(f"{courier}/hooks/servicenow", secret, SystemClock(), 0.05)
    jira.hooks = Hooks(f"{courier}/hooks/jira", hub_signature(secret), 0.05)
    snow.start()
    jira.start()
    where = {"servicenow": snow.url, "jira": jira.url, "jira_user": jira.user, "jira_token": jira.token}
    sys.stdout.write(json.dumps({**where, "jira_account": jira.account_id("liaison")}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
