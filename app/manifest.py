"""manifest.yaml: the plug-in's one declaration, from which the apps inside the platforms are made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing, post_load

from app import document, settings_words
from app.settings_schema import InstallationSchema, Strict
from app.settings_values import Address, Age, Among, Folder, Interval, Names, Rate, SecretRef, StoreUrl, Time
from core.errors import SettingsError


@dataclass(frozen=True)
class Setting:
    """One line of liaison.yaml. `name` is dotted, `[]` after what is a list; `default` is as one would write it."""

    name: str
    type: str
    help: str
    default: Any = None
    required: bool = False
    secret: bool = False


@dataclass(frozen=True)
class Manifest:
    """`events`: Jira's event names; for each ServiceNow table its operations. `permissions`: the least that works."""

    key: str
    name: str
    version: str
    events: Mapping[str, Any]
    permissions: Mapping[str, tuple[str, ...]]
    surfaces: Mapping[str, str]
    settings: tuple[Setting, ...]


class SettingSchema(Strict):
    name = fields.String(required=True)
    type = fields.String(required=True)
    help = fields.String(required=True)
    default = fields.Raw(load_default=None, allow_none=True)
    required = fields.Boolean(load_default=False)
    secret = fields.Boolean(load_default=False)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Setting:
        return Setting(**data)


class ManifestSchema(Strict):
    key = fields.String(required=True)
    name = fields.String(required=True)
    version = fields.String(required=True)
    events = fields.Dict(keys=fields.String(), required=True)
    permissions = fields.Dict(keys=fields.String(), values=fields.List(fields.String()), required=True)
    surfaces = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    settings = fields.List(fields.Nested(SettingSchema), required=True)

    @post_load
    def build(self, data: dict[str, Any], **_: Any) -> Manifest:
        permissions = {platform: tuple(names) for platform, names in data["permissions"].items()}
        return Manifest(**{**data, "permissions": permissions, "settings": tuple(data["settings"])})


def path() -> Path:
    """Inside `app` where Liaison is installed, beside the packages in a checkout."""
    here = Path(__file__).parent
    installed = here / "manifest.yaml"
    return installed if installed.exists() else here.parent / "manifest.yaml"


def load(where: Path | None = None) -> Manifest:
    """Raises SettingsError with every problem found."""
    read = document.read(where or path())
    problems = list(read.problems)
    try:
        manifest: Manifest = ManifestSchema().load(read.content)
    except ValidationError as error:
        problems += settings_words.problems(read, ManifestSchema(), error.messages_dict)
    if problems:
        raise SettingsError("\n".join(str(problem) for problem in sorted(problems)), problems=tuple(problems))
    return manifest


def settings_in_code() -> tuple[Setting, ...]:
    """Every setting that the code reads; manifest.yaml must list the same."""
    return tuple(settings_of(InstallationSchema(), ""))


def settings_of(schema: Schema, before: str) -> Iterator[Setting]:
    for name, field in schema.fields.items():
        full = before + (field.data_key or name)
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from settings_of(inner.schema, f"{full}{'[]' if inner is not field else ''}.")
        else:
            yield setting(full, field, inner)


def setting(name: str, field: fields.Field[Any], inner: fields.Field[Any]) -> Setting:
    kind = next((word for shape, word in TYPES if isinstance(inner, shape)), "text")
    return Setting(
        name=name,
        type=f"list of {kind}" if inner is not field else kind,
        help=field.metadata["help"],
        default=written(field.load_default),
        required=field.required,
        secret=isinstance(inner, SecretRef),
    )


TYPES: tuple[tuple[type[fields.Field[Any]], str], ...] = (
    (SecretRef, "secret"),
    (StoreUrl, "url"),
    (Folder, "path"),
    (Address, "host:port"),
    (Among, "choice"),
    (Names, "mapping"),
    (Time, "time"),
    (Interval, "duration"),
    (Age, "duration"),
    (Rate, "requests/time"),
    (fields.Integer, "number"),
    (fields.Float, "number"),
)


def written(default: Any) -> Any:
    """The default as text, lists and mappings, as `document` reads manifest.yaml."""
    if default is missing or default is None:
        return None
    if isinstance(default, tuple) and default and isinstance(default[-1], int):
        return "{}:{}".format(*default)
    if isinstance(default, list | tuple):
        return [str(item) for item in default]
    return default if isinstance(default, dict) else f"{default:g}" if isinstance(default, float) else str(default)
