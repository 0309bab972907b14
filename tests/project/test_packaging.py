"""What installing Liaison does to a machine, and what the lock files tell about ours."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("app", "connector", "core", "rules", "ui", "webhooks")
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_generic_names_clash_with_nothing_installed(package):
    """Two distributions with a top-level `core` would overwrite each other's files."""
    others = set(metadata.packages_distributions().get(package, ())) - {"itsm-liaison"}
    assert not others, f"{package} is also installed by {others}"


def test_the_packages_are_those_that_are_shipped():
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert sorted(shipped["wheel"]["packages"]) == sorted(PACKAGES)
    assert all((ROOT / package / "__init__.py").exists() for package in PACKAGES)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_name_no_host(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index-url|--extra-index-url|--find-links|-f|--trusted-host)\b", text, re.MULTILINE)
    assert not re.search(r"^[^#\n]*\s@\s", text, re.MULTILINE), "a package from an address instead of the index"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_carries_hashes(lock):
    text = (ROOT / lock).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) > 20
    assert [line for line in lines if not re.match(r"[\w.\[\]-]+==\S+.*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_everything_that_is_needed_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = {"requirements.lock": project["project"]["dependencies"]}
    needed["requirements-dev.lock"] = [*needed["requirements.lock"], *project["dependency-groups"]["dev"]]
    for lock, requirements in needed.items():
        locked = {normal(line) for line in (ROOT / lock).read_text(encoding="utf-8").splitlines() if "==" in line}
        assert {normal(requirement) for requirement in requirements} <= locked


def normal(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()
