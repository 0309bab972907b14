"""The stand-in's tables: which columns, references, choices and dates they have, as a stock instance does."""

SYSTEM = (
    "sys_id",
    "sys_class_name",
    "sys_created_on",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
)
TASK = (
    *("number", "short_description", "description", "state", "priority", "impact", "urgency", "category"),
    *("subcategory", "business_service", "cmdb_ci", "location", "assignment_group", "assigned_to", "company"),
    *("opened_by", "opened_at", "closed_at", "closed_by", "close_code", "close_notes", "parent", "active"),
    *("approval", "contact_type", "escalation", "made_sla", "due_date", "work_start", "work_end", "sys_tags"),
    *("correlation_id", "comments", "work_notes", *SYSTEM),
)
INCIDENT = (
    *TASK,
    *("caller_id", "hold_reason", "incident_state", "parent_incident", "child_incidents", "major_incident_state"),
    *("problem_id", "rfc", "caused_by", "duplicate_of", "resolved_at", "resolved_by", "reopen_count", "severity"),
    "business_impact",
)
CHANGE = (
    *TASK,
    *("requested_by", "type", "risk", "start_date", "end_date", "phase", "phase_state", "reason", "justification"),
    *("implementation_plan", "backout_plan", "test_plan", "cab_required", "on_hold", "on_hold_reason"),
)
NAMED = (*SYSTEM, "name")
USER = (
    *NAMED,
    *("user_name", "email", "vip", "preferred_language", "time_zone", "location", "department"),
    *("internal_integration_user", "web_service_access_only", "active"),
)
COLUMNS = {
    "incident": INCIDENT,
    "change_request": CHANGE,
    "problem": TASK,
    "task": TASK,
    "sys_user": USER,
    "sys_user_group": NAMED,
    "cmdb_ci": (*NAMED, "environment", "used_for", "busines_criticality"),
    "cmdb_ci_service": (*NAMED, "busines_criticality"),
    "cmn_location": (*NAMED, "country", "city", "time_zone"),
    "core_company": NAMED,
    "sys_journal_field": ("sys_id", "name", "element", "element_id", "value", "sys_created_on", "sys_created_by"),
}
JOURNALS = ("comments", "work_notes")
REFERENCES = {
    **dict.fromkeys(("caller_id", "opened_by", "requested_by", "assigned_to", "resolved_by", "closed_by"), "sys_user"),
    "assignment_group": "sys_user_group",
    "cmdb_ci": "cmdb_ci",
    "business_service": "cmdb_ci_service",
    "location": "cmn_location",
    "company": "core_company",
    "parent": "task",
    **dict.fromkeys(("parent_incident", "duplicate_of"), "incident"),
    "problem_id": "problem",
    **dict.fromkeys(("rfc", "caused_by"), "change_request"),
}
DATES = frozenset({
    *("opened_at", "resolved_at", "closed_at", "start_date", "end_date", "work_start", "work_end", "due_date"),
    *("sys_created_on", "sys_updated_on"),
})  # fmt: skip
PREFIXES = {"incident": "INC", "change_request": "CHG", "problem": "PRB"}
INCIDENT_STATES = {"1": "New", "2": "In Progress", "3": "On Hold", "6": "Resolved", "7": "Closed", "8": "Canceled"}
CHANGE_STATES = {
    "-5": "New", "-4": "Assess", "-3": "Authorize", "-2": "Scheduled", "-1": "Implement", "0": "Review",
    "3": "Closed", "4": "Canceled",
}  # fmt: skip
PRIORITIES = {"1": "1 - Critical", "2": "2 - High", "3": "3 - Moderate", "4": "4 - Low", "5": "5 - Planning"}
APPROVALS = {
    "not requested": "Not Yet Requested", "requested": "Requested", "approved": "Approved", "rejected": "Rejected",
}  # fmt: skip
LEVELS = {"1": "1 - High", "2": "2 - Medium", "3": "3 - Low"}
EVERY_TASK = {"priority": PRIORITIES, "impact": LEVELS, "urgency": LEVELS, "approval": APPROVALS}
CHOICES = {
    **{(table, column): choices for table in ("incident", "change_request") for column, choices in EVERY_TASK.items()},
    ("incident", "state"): INCIDENT_STATES,
    ("incident", "incident_state"): INCIDENT_STATES,
    ("change_request", "state"): CHANGE_STATES,
    ("incident", "hold_reason"): {
        "1": "Awaiting Caller", "2": "Awaiting Evidence", "3": "Awaiting Problem", "4": "Awaiting Vendor",
        "5": "Awaiting Change",
    },
    ("incident", "major_incident_state"): {
        "proposed": "Proposed", "accepted": "Accepted", "rejected": "Rejected", "canceled": "Canceled",
    },
    ("change_request", "type"): {"standard": "Standard", "normal": "Normal", "emergency": "Emergency"},
    ("change_request", "risk"): {"1": "Very High", "2": "High", "3": "Moderate", "4": "Low"},
    ("change_request", "close_code"): {
        "successful": "Successful", "successful_issues": "Successful with issues", "unsuccessful": "Unsuccessful",
    },
}  # fmt: skip
