"""Pictures of the report page as a browser shows it; needs Chromium and playwright.

python -m reports.screenshots --out reports/screenshots/report.png          blocks opened, light
python -m reports.screenshots --out reports/screenshots/report-dark.png     comparison and charts, dark
"""

import shutil
import sys
from pathlib import Path

PAGE = Path(__file__).parent / "report.html"
# What each picture shows: the state of the view, the colours of the system, and where the page is scrolled to.
VIEWS = {
    "report.png": ("#net=1&open=1.0&at=1.0", "light", "#networks .viewer"),
    "report-dark.png": ("", "dark", "header"),
}
FLAGS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync"


def main(arguments: list[str]) -> int:
    """Takes the picture that `--out` names."""
    from playwright.sync_api import sync_playwright

    out = Path(arguments[arguments.index("--out") + 1])
    address, scheme, place = VIEWS[out.name]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS.split())
        tab = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme).new_page()
        tab.goto(PAGE.as_uri() + address)
        tab.wait_for_function("document.documentElement.dataset.ready === 'yes'")
        tab.evaluate("place => document.querySelector(place).scrollIntoView({behavior: 'instant'})", place)
        for words in ("Fit", "+"):
            tab.evaluate("w => [...document.querySelectorAll('#networks button')].find(b => b.textContent === w).click()", words)
            tab.wait_for_timeout(400)
        tab.wait_for_timeout(500)
        out.parent.mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=out)
        browser.close()
    sys.stdout.write(f"{out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
