"""The report page of the four networks, opened in a real browser: Debian's Chromium, driven by Playwright.

Without a browser these tests are skipped; where CI is set they install one, and fail without.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from looking import written

from archscope.comparison.side_by_side import DEFAULT

FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def installed() -> str | None:
    """The browser; in CI, installed by one of the workers."""
    if chromium() is None and os.environ.get("CI") and shutil.which("apt-get"):
        with (Path(tempfile.gettempdir()) / "archscope-chromium.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if chromium() is None:
                subprocess.run(["apt-get", "update", "-qq"], check=False, timeout=300)
                subprocess.run(
                    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
                    check=False,
                    timeout=600,
                )
    return chromium()


def missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{reason}: in CI the page is tried in a browser")
    pytest.skip(f"{reason}: apt-get install chromium, pip install playwright")


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    where = installed()
    if where is None:
        missing("there is no chromium")
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=where, args=FLAGS.split())
        yield running
        running.close()


@pytest.fixture(scope="session")
def four(tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("four"), DEFAULT[:4], command="archscope report")


@pytest.fixture
def visit(browser, four):
    """Opens a page; at the end, nothing was asked of anybody, nothing was complained of, and the page does not scroll sideways."""
    contexts, complaints, asked = [], [], []

    def opened(hash: str = "", file: Path | None = None, width: int = 1440, height: int = 900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto((file or four).as_uri() + hash)
        tab.wait_for_function("document.documentElement.dataset.ready === 'yes'")
        return tab

    yield opened
    for context in contexts:
        for tab in context.pages:
            assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
