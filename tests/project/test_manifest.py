"""manifest.yaml says what the code does."""

import tomllib
from pathlib import Path

import pytest

from app import manifest
from app.settings import load
from core.errors import SettingsError
from core.sites import Platform
from webhooks import issues, records

ROOT = Path(__file__).parent.parent.parent
MANIFEST = manifest.load()


def test_every_setting_is_listed_as_the_code_reads_it():
    listed = {setting.name: setting for setting in MANIFEST.settings}
    read = {setting.name: setting for setting in manifest.settings_in_code()}
    assert sorted(listed) == sorted(read)
    assert len(listed) == len(MANIFEST.settings), "a setting is listed twice"
    for name, setting in read.items():
        assert listed[name] == setting


def test_secrets_are_marked():
    assert {setting.name for setting in MANIFEST.settings if setting.secret} == {
        "signing_in.client_secret",
        "sites[].auth.token",
        "sites[].webhook.secrets",
    }


def test_events_are_those_that_webhooks_accept():
    assert set(MANIFEST.events["jira"]) == issues.EVENTS
    assert set(MANIFEST.events["servicenow"]) == set(records.TABLES)
    assert all(set(operations) == records.OPERATIONS for operations in MANIFEST.events["servicenow"].values())


def test_version_and_name_are_those_of_the_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (MANIFEST.version, MANIFEST.key) == (project["version"], project["name"])


def test_every_platform_says_what_it_needs():
    assert set(MANIFEST.permissions) == {str(platform) for platform in Platform}
    assert all(MANIFEST.permissions.values())


@pytest.mark.parametrize("setting", MANIFEST.settings, ids=lambda setting: setting.name)
def test_help_is_a_line_for_people(setting):
    assert 0 < len(setting.help) <= 100
    assert setting.help[0].isupper()


def test_stated_defaults_are_the_real_ones(tmp_path):
    """An installation that writes every default out is the same as one that leaves them out."""
    required = "sites:\n  - {name: a, platform: jira, url: 'https://a.atlassian.net', auth: {user: u, token: env:T}"
    short, long = tmp_path / "short.yaml", tmp_path / "long.yaml"
    short.write_text(required + "}\n", encoding="utf-8")
    top = [setting for setting in MANIFEST.settings if "." not in setting.name and setting.default is not None]
    lines = "".join(f"{setting.name}: {setting.default}\n" for setting in top)
    kept = [setting for setting in MANIFEST.settings if setting.name.startswith("keep.")]
    lines += "keep: {" + ", ".join(f"{s.name.removeprefix('keep.')}: {s.default}" for s in kept) + "}\n"
    ours = [setting for setting in MANIFEST.settings if setting.name.startswith("sites[].")]
    of_site = [setting for setting in ours if setting.name.count(".") == 1 and setting.default]
    stated = "".join(f", {setting.name.removeprefix('sites[].')}: {flow(setting.default)}" for setting in of_site)
    long.write_text(lines + required + stated + "}\n", encoding="utf-8")
    one, other = load(short, {"T": "t"}), load(long, {"T": "t"})
    assert (one.sites, one.store, one.listen, one.workers) == (other.sites, other.store, other.listen, other.workers)
    assert len(top) >= 4
    assert len(of_site) >= 4


def flow(default: object) -> str:
    return f"[{', '.join(default)}]" if isinstance(default, list) else str(default)


def test_a_broken_manifest_is_told_with_its_place(tmp_path):
    path = tmp_path / "manifest.yaml"
    path.write_text("key: x\nsetings: []\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        manifest.load(path)
    assert "2:1: setings is not a setting; did you mean 'settings'?" in str(caught.value)
