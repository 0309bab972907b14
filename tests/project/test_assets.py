"""The scripts that are shipped are those that the sources give, from packages that are locked."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ASSETS = ROOT / "ui" / "assets"
BUILT = ROOT / "ui" / "static" / "dist"
LOCK = json.loads((ASSETS / "package-lock.json").read_text(encoding="utf-8"))
WANTED = json.loads((ASSETS / "package.json").read_text(encoding="utf-8"))


def test_the_lock_names_no_host_and_hashes_everything():
    text = (ASSETS / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    packages = {name: kept for name, kept in LOCK["packages"].items() if name}
    assert len(packages) > 10
    assert [name for name, kept in packages.items() if not kept.get("integrity", "").startswith("sha512-")] == []
    assert set(re.findall(r"https?://([^/\"]+)", text)) <= {"opencollective.com", "github.com", "marijnhaverbeke.nl"}


def test_every_package_is_pinned():
    wanted = WANTED["dependencies"] | WANTED["devDependencies"]
    assert [name for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert WANTED["dependencies"]["codemirror"] == "6.0.2"
    assert {name: LOCK["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_what_is_shipped_is_what_the_sources_give(tmp_path):
    if not (shutil.which("node") and shutil.which("npm")):
        missing = "Node and npm are missing, so the scripts cannot be built anew"
        pytest.fail(f"CI builds them, but {missing}.") if os.environ.get("CI") else pytest.skip(f"{missing}.")
    folder = tmp_path / "assets"
    shutil.copytree(ASSETS, folder, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True, timeout=300)
    subprocess.run(["node", "build.mjs", str(tmp_path / "built")], cwd=folder, check=True, timeout=60)
    built = {path.name: path.read_bytes() for path in (tmp_path / "built").iterdir()}
    shipped = {path.name: path.read_bytes() for path in BUILT.iterdir()}
    assert sorted(built) == sorted(shipped)
    assert [name for name in built if built[name] != shipped[name]] == [], "run `make assets` and commit ui/static/dist"


def test_scripts_evaluate_nothing_of_what_comes_from_elsewhere():
    """The policy forbids eval anyway; htmx is told not to try, or it would say so in the console."""
    page = (ASSETS / "src" / "page.js").read_text(encoding="utf-8")
    for setting in (
        "allowEval: false",
        "allowScriptTags: false",
        "includeIndicatorStyles: false",
        "selfRequestsOnly: true",
    ):
        assert setting in page
