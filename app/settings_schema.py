"""What may stand in liaison.yaml. manifest.yaml lists every setting; a test holds the two together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validates_schema

from app import settings_values as values
from app.settings_values import Among, SecretRef
from core.sites import Auth, Flavour, Platform, Serves, Site
from core.tickets import Kind
from core.times import EPOCH


class Strict(Schema):
    class Meta:
        """A name that nobody reads is a mistake, not a remark."""

        unknown = RAISE


class AuthSchema(Strict):
    user = values.Text(load_default="", metadata={"help": "Account; with it the token is a password or API token"})
    token = SecretRef(required=True, metadata={"help": "API token, password or personal access token"})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Auth:
        return Auth(**data)


class WebhookSchema(Strict):
    secrets = fields.List(
        SecretRef(), load_default=[], metadata={"help": "Secrets of this site's webhooks; two while one is exchanged"}
    )


class ServesSchema(Strict):
    kind = Among(Kind, "kind of ticket", required=True, metadata={"help": "What these tickets are"})
    projects = values.Texts(metadata={"help": "Jira project keys"})
    types = values.Texts(metadata={"help": "Jira issue types"})
    tables = values.Texts(metadata={"help": "ServiceNow tables"})

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Serves:
        return Serves(**data)


class TimeoutSchema(Strict):
    connect = values.Seconds(load_default=5.0, metadata={"help": "Seconds to wait for a connection"})
    read = values.Seconds(load_default=25.0, metadata={"help": "Seconds to wait for an answer"})


@dataclass(frozen=True)
class Only:
    """A setting that has a meaning on one platform alone."""

    platform: Platform
    names: tuple[str, ...]


CLOUD_PACE = 80.0
ONLY = (
    Only(Platform.JIRA, ("flavour", "agents_visibility")),
    Only(Platform.SERVICENOW, ("note_id_column",)),
)


class SiteSchema(Strict):
    name = fields.String(required=True, validate=values.site_name, metadata={"help": "Stands in /hooks/<name>"})
    platform = Among(Platform, "platform", required=True, metadata={"help": "Which product"})
    url = fields.String(required=True, validate=values.site_url, metadata={"help": "Address of the site"})
    flavour = Among(Flavour, "flavour of Jira", metadata={"help": "By default told from the address"})
    auth = fields.Nested(AuthSchema, required=True, metadata={"help": "The account Liaison works with"})
    webhook = fields.Nested(WebhookSchema, load_default={}, metadata={"help": "How webhooks prove who sent them"})
    serves = fields.List(
        fields.Nested(ServesSchema), load_default=[], metadata={"help": "Tickets to speak in; nothing else is touched"}
    )
    fields_ = values.Names(
        values.field_mistake,
        data_key="fields",
        metadata={"help": "Ticket fields, or names of your own for rules, and where the platform keeps them"},
    )
    states = values.Names(values.state_mistake, metadata={"help": "The site's status names and what they mean"})
    priorities = values.Names(
        values.priority_mistake,
        metadata={"help": "The site's priorities and what they mean"},
    )
    agents_visibility = values.Names(
        values.reader_mistake,
        validate=values.one_reader,
        metadata={"help": "Role or group that may read agents' notes outside service desks"},
    )
    timezone = fields.String(load_default="UTC", validate=values.timezone, metadata={"help": "For times in messages"})
    language = fields.String(load_default="en", validate=values.language, metadata={"help": "For messages"})
    note_id_column = fields.String(
        load_default="", validate=values.column, metadata={"help": "Column that carries the note's id"}
    )
    account = fields.String(load_default="", metadata={"help": "Id or name of Liaison's own account, if not auth.user"})
    bots = values.Texts(metadata={"help": "Accounts of other robots: their comments keep no promise"})
    speak_from = values.Time(load_default=None, metadata={"help": "Older tickets are adopted silently"})
    speaks = fields.List(
        Among(("agents", "requester"), "audience"),
        load_default=["agents", "requester"],
        metadata={"help": "Who hears from this site"},
    )
    timeout = fields.Nested(TimeoutSchema, load_default={"connect": 5.0, "read": 25.0}, metadata={"help": "Requests"})
    settle_seconds = values.Seconds(load_default=30.0, metadata={"help": "Wait before a doubtful write is looked up"})
    pace = values.Rate(load_default=None, allow_none=False, metadata={"help": "The most requests in a time"})

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def fits_platform(self, data: Mapping[str, Any], original: Any, **_: Any) -> None:
        platform = data.get("platform")
        if not (platform and isinstance(original, Mapping)):
            return
        if wrong := {**foreign(platform, original), **foreign_tables(platform, data), **lacking(platform, data)}:
            raise ValidationError(wrong)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Site:
        auth: Auth = data["auth"]
        return Site(
            name=data["name"],
            platform=Platform(data["platform"]),
            url=data["url"].rstrip("/"),
            auth=auth,
            webhook_secrets=tuple(data["webhook"].get("secrets", ())),
            flavour=flavour_of(data),
            serves=tuple(data["serves"]),
            fields=data["fields_"],
            states=data["states"],
            priorities=data["priorities"],
            agents_visibility=data["agents_visibility"],
            timezone=data["timezone"],
            language=data["language"],
            note_id_column=data["note_id_column"],
            account=data["account"] or auth.user,
            bots=data["bots"],
            speak_from=data["speak_from"] or EPOCH,
            speaks=tuple(data["speaks"]),
            timeout=(data["timeout"]["connect"], data["timeout"]["read"]),
            settle_seconds=data["settle_seconds"],
            pace=data["pace"] or default_pace(data),
        )


def flavour_of(data: Mapping[str, Any]) -> Flavour:
    stated = data.get("flavour")
    if stated or data["platform"] != Platform.JIRA:
        return Flavour(stated or Flavour.CLOUD)
    return values.flavour_at(data["url"])


def default_pace(data: Mapping[str, Any]) -> float:
    """Jira Cloud refuses more than 100 requests a second to one endpoint; elsewhere the answers say what is allowed."""
    cloud = data["platform"] == Platform.JIRA and flavour_of(data) is Flavour.CLOUD
    return CLOUD_PACE if cloud else 0.0


def foreign(platform: str, original: Mapping[str, Any]) -> dict[str, list[str]]:
    return {
        name: [f"is for {only.platform} sites alone; remove it."]
        for only in ONLY
        for name in only.names
        if platform != only.platform and name in original
    }


def foreign_tables(platform: str, data: Mapping[str, Any]) -> dict[str, Any]:
    other = {Platform.JIRA: ("tables",), Platform.SERVICENOW: ("projects", "types")}[Platform(platform)]
    wrong = {
        index: {name: [f"does not exist on {platform}; remove it."] for name in other if getattr(serves, name)}
        for index, serves in enumerate(data.get("serves") or ())
        if isinstance(serves, Serves)
    }
    wrong = {index: names for index, names in wrong.items() if names}
    return {"serves": wrong} if wrong else {}


def lacking(platform: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Basic authentication everywhere but on Data Center, where a token alone is a personal access token."""
    auth = data.get("auth")
    if not isinstance(auth, Auth) or auth.user or not data.get("url"):
        return {}
    if platform == Platform.JIRA and flavour_of(data) is Flavour.DATA_CENTER:
        return {}
    return {"auth": {"user": ["is missing; name the account that the token belongs to."]}}


class KeepSchema(Strict):
    bodies = values.Age(load_default="30d", metadata={"help": "Webhooks as they were received"})
    journal = values.Age(load_default="400d", metadata={"help": "What was said, promised and left unsaid"})


class SigningInSchema(Strict):
    issuer = fields.String(
        required=True, validate=values.site_url, metadata={"help": "Address of the OpenID Connect provider"}
    )
    client_id = fields.String(
        required=True, validate=values.not_blank, metadata={"help": "What the provider calls Liaison"}
    )
    client_secret = SecretRef(required=True, metadata={"help": "What Liaison proves itself with to the provider"})
    roles_claim = fields.String(
        load_default="roles", validate=values.not_blank, metadata={"help": "Claim that holds people's groups or roles"}
    )
    roles = values.Names(values.role_mistake, metadata={"help": "The claim's values and the role that each gives"})

    @validates_schema(skip_on_field_errors=True)
    def lets_somebody_in(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data["roles"]:
            raise ValidationError(
                {"roles": ["is missing; without it nobody could look. Write 'liaison-agents: agent'."]}
            )


class InstallationSchema(Strict):
    store = values.StoreUrl(load_default="sqlite:///liaison.db", metadata={"help": "Where Liaison remembers"})
    rules = values.Folder(load_default=None, metadata={"help": "Folder of rules; without it the shipped pack speaks"})
    listen = values.Address(load_default=("127.0.0.1", 8080), metadata={"help": "Where webhooks and pages answer"})
    workers = fields.Integer(
        load_default=16, validate=values.between(1, 64), metadata={"help": "Tickets attended to at a time"}
    )
    processors = Among(
        ("one", "all"), "setting of processors", load_default="one", metadata={"help": "Where Liaison works"}
    )
    pages = Among(
        ("loopback", "open"), "setting of pages", load_default="loopback", metadata={"help": "Who may look at pages"}
    )
    public_url = fields.String(
        load_default=None, allow_none=False, validate=values.site_url, metadata={"help": "Where people reach the pages"}
    )
    signing_in = fields.Nested(
        SigningInSchema,
        load_default=None,
        allow_none=False,
        metadata={"help": "Who may look, asked of an OpenID Connect provider"},
    )
    metrics = Among(
        ("loopback", "open"), "setting of metrics", load_default="loopback", metadata={"help": "Who may read /metrics"}
    )
    poll = values.Interval(load_default="5m", metadata={"help": "How often sites are asked what webhooks missed"})
    keep = fields.Nested(
        KeepSchema, load_default={"bodies": "30d", "journal": "400d"}, metadata={"help": "How long things are kept"}
    )
    sites = fields.List(
        fields.Nested(SiteSchema), required=True, validate=values.some_site, metadata={"help": "Jira and ServiceNow"}
    )

    @validates_schema(skip_on_field_errors=True)
    def signing_in_is_whole(self, data: Mapping[str, Any], **_: Any) -> None:
        if not data["signing_in"]:
            return
        if not data["public_url"]:
            raise ValidationError({"public_url": ["is missing; signing in leads people back there, so name it."]})
        if data["pages"] == "open":
            raise ValidationError({"pages": ["lets everybody look, while signing_in asks who they are; remove one."]})

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def names_differ(self, _data: Any, original: Any, **_: Any) -> None:
        sites = original.get("sites") if isinstance(original, Mapping) else None
        first: dict[str, int] = {}
        wrong: dict[int, dict[str, list[str]]] = {}
        for index, site in enumerate(sites if isinstance(sites, list) else ()):
            name = site.get("name") if isinstance(site, Mapping) else None
            if isinstance(name, str) and first.setdefault(name.casefold(), index) != index:
                wrong[index] = {"name": [f"{name!r} is the name of another site already; give each its own."]}
        if wrong:
            raise ValidationError({"sites": wrong})
