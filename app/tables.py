"""The store's tables. Times are ISO text in UTC (`core.times.iso`): sortable, and the same on every database."""

from typing import Any

from sqlalchemy import (
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()


def partial(condition: str) -> dict[str, Any]:
    """An Index over the rows that fulfil an SQL condition, on every database that we know."""
    return {f"{database}_where": text(condition) for database in ("sqlite", "postgresql")}


deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("site", String, nullable=False),
    Column("key", String, nullable=False),
    Column("ticket_id", String, nullable=False),  # "" where it concerns no ticket: kept to recognise it again
    Column("body", LargeBinary, nullable=False),
    Column("headers", Text, nullable=False, default="{}"),
    Column("received_at", String, nullable=False),
    Column("expires_at", String),
    Column("state", String, nullable=False),  # pending, done, ignored, dead, dropped
    Column("problem", Text, nullable=False, default=""),
    Column("tries", Integer, nullable=False, server_default="0"),  # how often handling it failed because of it
    Column("not_before", String),  # when it is tried again
    UniqueConstraint("site", "key"),
)
Index(
    "deliveries_dead",
    deliveries.c.id,
    **partial("state = 'dead'"),
)
Index(
    "deliveries_pending",
    deliveries.c.site,
    deliveries.c.ticket_id,
    **partial("state = 'pending'"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("site", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("key", String, nullable=False, default=""),
    Column("generation", Integer, nullable=False, default=0),  # counts accepted deliveries: no lost wake-up
    Column("fence", Integer, nullable=False, default=0),  # counts claims: a runner that lost its claim commits nothing
    Column("unfinished", Integer, nullable=False, server_default="0"),  # claims in a row that came to no end
    Column("attended", Text),  # the snapshot that moments are counted from
    Column("newest", Text),  # the latest snapshot seen
    Column("memory", Text, nullable=False, default="{}"),  # app.memory.Memory
    # of the newest snapshot, for what is counted and looked up: P1 to P5, the catalogue's id, group, the parent's id
    Column("priority", String, nullable=False, server_default=""),
    Column("service", String, nullable=False, server_default=""),
    Column("team", String, nullable=False, server_default=""),
    Column("parent", String, nullable=False, server_default=""),
    # how it stands (app.standing): 1 or 0, when it was opened, the worst impact and its rank, 0 for high to 3 for none
    Column("is_open", Integer, nullable=False, server_default="0"),
    Column("held", Integer, nullable=False, server_default="0"),
    Column("opened_at", String, nullable=False, server_default=""),
    Column("impact", String, nullable=False, server_default=""),
    Column("impact_rank", Integer, nullable=False, server_default="3"),
)
Index("tickets_key", tickets.c.key)
# all that a list of open tickets sorts and filters by: the rows themselves are large
Index(
    "tickets_open",
    tickets.c.held,
    tickets.c.impact_rank,
    tickets.c.opened_at,
    tickets.c.site,
    tickets.c.service,
    tickets.c.impact,
    tickets.c.priority,
    tickets.c.key,
    tickets.c.id,
    **partial("is_open = 1"),
)
Index(
    "tickets_held",
    tickets.c.site,
    tickets.c.id,
    **partial("held = 1"),
)
Index(
    "tickets_of_parent",
    tickets.c.site,
    tickets.c.parent,
    **partial("parent != ''"),
)

wakeups = Table(
    "wakeups",
    metadata,
    Column("site", String, primary_key=True),
    Column("ticket_id", String, primary_key=True),
    Column("due", String, nullable=False),
    Column("failures", Integer, nullable=False, default=0),
    Column("urgency", Integer, nullable=False, server_default="2"),  # 0 for P1 and for news, to 4 for P5
)
Index("wakeups_urgent", wakeups.c.urgency, wakeups.c.due)

notes = Table(
    "notes",
    metadata,
    Column("id", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("ticket_id", String, nullable=False),
    Column("moment", String, nullable=False),
    Column("occurrence", String, nullable=False),
    Column("audience", String, nullable=False),
    Column("state", String, nullable=False),
    Column("plan", Text, nullable=False),  # app.plans.NotePlan: what to say, before it is rendered
    Column("text", Text, nullable=False, default=""),  # the words as they left
    Column("rule", String, nullable=False, default=""),
    Column("rule_set", String, nullable=False, default=""),
    Column("marker", String, nullable=False, default=""),
    Column("comment_id", String, nullable=False, default=""),
    Column("promise_due", String),  # the time these words promise
    Column("planned_at", String, nullable=False),
    Column("not_before", String),
    Column("sending_at", String),
    Column("doubt_since", String),
    Column("written_at", String),
    Column("attempts", Integer, nullable=False, default=0),
    Column("problem", Text, nullable=False, default=""),
    Column("person", String, nullable=False, server_default=""),  # the requester whom words outside IT were planned for
    # of words to requesters that were written, once read (app.reading): the catalogue's id, the grade, 1 if too hard
    Column("service", String, nullable=False, server_default=""),
    Column("grade", Float),
    Column("hard", Integer, nullable=False, server_default="0"),
    ForeignKeyConstraint(["site", "ticket_id"], ["tickets.site", "tickets.id"]),
)
Index("notes_of_ticket", notes.c.site, notes.c.ticket_id)
Index(
    "notes_to_person",
    notes.c.site,
    notes.c.person,
    notes.c.written_at,
    **partial("person != '' AND written_at IS NOT NULL"),
)
Index(
    "notes_soon_to_person",
    notes.c.site,
    notes.c.person,
    **partial("person != '' AND state IN ('planned', 'sending', 'in_doubt')"),
)
Index(
    "notes_unread",
    notes.c.written_at,
    **partial("written_at IS NOT NULL AND grade IS NULL AND audience = 'requester'"),
)
Index(
    "notes_read",
    notes.c.service,
    notes.c.written_at,
    notes.c.site,
    notes.c.ticket_id,
    **partial("grade IS NOT NULL"),
)
Index(
    "notes_hard",
    notes.c.written_at,
    notes.c.site,
    notes.c.service,
    notes.c.ticket_id,
    **partial("hard = 1"),
)
Index("notes_by_comment", notes.c.site, notes.c.comment_id)
Index("notes_by_time", notes.c.written_at)
Index(
    "notes_open",
    notes.c.state,
    **partial("state NOT IN ('written', 'superseded', 'withdrawn')"),
)

promises = Table(
    "promises",
    metadata,
    Column("id", String, primary_key=True),
    Column("site", String, nullable=False),
    Column("ticket_id", String, nullable=False),
    Column("audience", String, nullable=False),
    Column("due", String, nullable=False),
    Column("made_at", String, nullable=False),
    Column("made_by", String, nullable=False),
    Column("rule", String, nullable=False, default=""),
    Column("state", String, nullable=False),
    Column("ended_at", String),
    Column("kept_by", String, nullable=False, default=""),
    Column("cause", String, nullable=False, server_default=""),  # core.promises.Cause, where it is late or missed
    Column("marked_at", String),  # when it was seen to be due
    # as the ticket was when it was promised
    Column("priority", String, nullable=False, server_default=""),
    Column("service", String, nullable=False, server_default=""),
    Column("team", String, nullable=False, server_default=""),
    ForeignKeyConstraint(["site", "ticket_id"], ["tickets.site", "tickets.id"]),
)
Index("promises_of_ticket", promises.c.site, promises.c.ticket_id)
Index(
    "promises_one_open",
    promises.c.site,
    promises.c.ticket_id,
    promises.c.audience,
    unique=True,
    **partial("state = 'open'"),
)
Index("promises_due", promises.c.due, **partial("state = 'open'"))
Index(
    "promises_ended",
    promises.c.ended_at,
    **partial("state != 'open'"),
)
Index(
    "promises_by_end",
    promises.c.state,
    promises.c.ended_at,
    promises.c.site,
    promises.c.service,
    promises.c.ticket_id,
    **partial("state != 'open' AND audience != 'agents'"),
)

promise_days = Table(
    "promise_days",  # how promises to readers ended, by day in UTC: retention leaves them
    metadata,
    Column("day", String, primary_key=True),
    Column("site", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("state", String, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,  # read along its key, all of it
)

spoken_days = Table(
    "spoken_days",  # what went out to requesters, by day in UTC: of which service, by which rule
    metadata,
    Column("day", String, primary_key=True),
    Column("site", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("rule", String, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)

grade_days = Table(
    "grade_days",  # how it reads
    metadata,
    Column("day", String, primary_key=True),
    Column("site", String, primary_key=True),
    Column("grade", Integer, primary_key=True),  # rounded up; -1 where there are too few words for one
    Column("hard", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)

tallies = Table(
    "tallies",  # how many promises there are and ever were, without counting them
    metadata,
    Column("state", String, primary_key=True),
    Column("priority", String, primary_key=True),
    Column("service", String, primary_key=True),
    Column("cause", String, primary_key=True),
    Column("number", Integer, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("site", String, nullable=False),
    Column("ticket_id", String, nullable=False),
    Column("what", String, nullable=False),  # app.journal.What
    Column("moment", String, nullable=False, default=""),
    Column("audience", String, nullable=False, default=""),
    Column("reason", String, nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
    Column("rule", String, nullable=False, default=""),
    Column("note_id", String, nullable=False, default=""),
    Column("rule_set", String, nullable=False, default=""),
)
Index("journal_of_ticket", journal.c.site, journal.c.ticket_id, journal.c.id)
Index("journal_by_reason", journal.c.what, journal.c.reason)

links = Table(
    "links",  # for requesters: of the address itself only a hash is kept
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String, nullable=False, unique=True),
    Column("site", String, nullable=False),
    Column("ticket_id", String, nullable=False),
    Column("made_at", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("revoked_at", String),
    ForeignKeyConstraint(["site", "ticket_id"], ["tickets.site", "tickets.id"]),
)
Index("links_of_ticket", links.c.site, links.c.ticket_id)

feedback = Table(
    "feedback",  # what requesters clicked; their words stand in the note that tells the agents
    metadata,
    Column("id", String, primary_key=True),  # of that note
    Column("link", Integer, nullable=False),
    Column("site", String, nullable=False),
    Column("ticket_id", String, nullable=False),
    Column("note_id", String, nullable=False),  # the update it is about, "" where it is about the ticket
    Column("verdict", String, nullable=False),  # ui.timeline_views.Verdict
    Column("at", String, nullable=False),
    ForeignKeyConstraint(["site", "ticket_id"], ["tickets.site", "tickets.id"]),
)
Index("feedback_of_link", feedback.c.link, feedback.c.at)
Index("feedback_by_time", feedback.c.at)

spoken = Table(
    "spoken",  # how many notes each rule has had written, by day, known without counting them
    metadata,
    Column("day", String, primary_key=True),  # in UTC
    Column("rule", String, primary_key=True),
    Column("number", Integer, nullable=False),
)

rule_changes = Table(
    "rule_changes",  # of rules files, by whatever hand
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("what", String, nullable=False),  # ui.desk_views.Change
    Column("file", String, nullable=False),  # from the rules folder
    Column("who", String, nullable=False),
    Column("name", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("before", String, nullable=False),  # the hash of the content, "" where there was no file
    Column("after", String, nullable=False),
    Column("old", LargeBinary),  # the content, compressed
    Column("new", LargeBinary),
    Column("done", Integer, nullable=False),  # 0: meant to be, and perhaps done
)
Index("rule_changes_of_file", rule_changes.c.file, rule_changes.c.id)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("detail", Text, nullable=False, default=""),
)

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
