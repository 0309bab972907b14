"""A real browser: Debian's Chromium, driven by Playwright, and axe-core from the pages' own lock file."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ASSETS = Path(__file__).parent.parent.parent / "ui" / "assets"
AXE = ASSETS / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"phone": (390, 844), "frame": (360, 640), "desktop": (1280, 900)}
SCHEMES = ("light", "dark")
SHIFT = 0.03
"""Layout shift that a page may have: 0.1 is where people notice. A busy machine paints a page in several parts, wherever the
parser paused; with the processor slowed down eight times the worst page measures 0.013.
"""
PATIENT = 20_000
"""Milliseconds until what is expected on a page must be there: a busy machine is slow, not wrong."""
expect.set_options(timeout=PATIENT)
# A root of a container has no sandbox to go into; what is opened is ours alone.
OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--force-prefers-reduced-motion")


def lacking(what: str) -> None:
    """Without a browser these tests cannot run: said on a developer's machine, a failure in CI."""
    text = f"{what} is missing; install Debian's packages chromium, nodejs and npm"
    pytest.fail(f"CI runs these tests, but {text}.") if os.environ.get("CI") else pytest.skip(f"{text}.")


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        lacking(name)
    return found or ""


def axe() -> str:
    """The script of axe-core; fetched by npm from the lock file the first time."""
    if not AXE.exists():
        subprocess.run([program("npm"), "ci", "--silent"], cwd=ASSETS, check=True, timeout=300)
    return AXE.read_text(encoding="utf-8")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program("chromium"), args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def switched(browser: Browser, *switches: str) -> Iterator[Browser]:
    """Another one beside it, with more switches of Chromium."""
    other = browser.browser_type.launch(executable_path=program("chromium"), args=[*OPTIONS, *switches])
    try:
        yield other
    finally:
        other.close()


@dataclass
class Heard:
    """What a page complained about, and how many bytes came over the wire for its first view."""

    complaints: list[str] = field(default_factory=list)
    bytes: int = 0


WATCHED = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""


@contextmanager
def opened(browser: Browser, size: str = "desktop", scheme: str = "light", **more) -> Iterator[tuple[Page, Heard]]:
    """A fresh page, in Berlin, in English, that tells what goes wrong. `more` is for the context."""
    more = {"timezone_id": "Europe/Berlin", "locale": "en-GB", **more}
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        **more,
    )
    page, heard = context.new_page(), Heard()
    page.add_init_script(WATCHED)
    page.on("console", lambda said: heard.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: heard.complaints.append(str(error)))
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda done: setattr(heard, "bytes", heard.bytes + done["encodedDataLength"]))
    try:
        yield page, heard
    finally:
        context.close()


def violations(page: Page, script: str) -> list[str]:
    """What axe-core finds, as lines: rule, words, places."""
    page.evaluate(script)
    found = page.evaluate(
        "async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',"
        " 'best-practice']})).violations"
    )
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]
