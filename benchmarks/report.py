"""The report page: making it, and using it in Chromium, against a blank page and an idle frame of the same browser."""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks._process import Job, in_turn

FLAGS = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync"
LARGE = 50_000  # operators

# Opens twenty blocks, one after the other as far down as they go, then zooms: milliseconds each, and the frames of a page at rest.
USE = """async () => {
  const frame = () => new Promise(done => requestAnimationFrame(done));
  const middle = values => values.sort((a, b) => a - b)[values.length >> 1];
  const rests = [], opens = [], zooms = [];
  for (let n = 0, last = await frame(); n < 60; n += 1) { const now = await frame(); rests.push(now - last); last = now; }
  for (let n = 0; n < 20; n += 1) {
    const box = document.querySelector('#networks g.item[aria-expanded=false]');
    if (!box) break;
    const begin = performance.now();
    box.dispatchEvent(new MouseEvent('click', {bubbles: true}));
    opens.push(performance.now() - begin);
    await frame();
  }
  const svg = document.querySelector('#networks svg.diagram'), box = svg.getBoundingClientRect();
  for (let n = 0, last = await frame(); n < 90; n += 1) {
    svg.dispatchEvent(new WheelEvent('wheel', {deltaY: n < 45 ? -40 : 40, ctrlKey: true, bubbles: true, cancelable: true,
      clientX: box.left + box.width / 2, clientY: box.top + box.height / 2}));
    const now = await frame();
    zooms.push(now - last);
    last = now;
  }
  return {rest: middle(rests), opens: middle(opens), slowest: Math.max(...opens), zoom: middle(zooms)};
}"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        four, large = Path(folder) / "four.html", Path(folder) / "large.html"
        words = (sys.executable, "-m", "archscope", "report", "--out", str(four))
        jobs: dict[str, Job] = {
            "import torch": ((sys.executable, "-c", "import torch"), {}),
            "archscope report, the page of four": (words, {}),
        }
        taken = in_turn(jobs, 3)
        reference = taken["import torch"]
        print(f"{'':44s}{'CPU s':>8s}{'x torch':>9s}{'wall s':>8s}")
        for name, middle in taken.items():
            print(f"{name:44s}{middle.cpu:8.2f}{middle.cpu / reference.cpu:9.2f}{middle.wall:8.2f}")
        _large(large)
        _in_browser({"the four networks": four, f"{LARGE:,} operators": large})


def _large(path: Path) -> None:
    """The page of a network of blocks in stages, with as many operators as are wanted."""
    import torch
    from torch import nn

    from archscope.comparison.side_by_side import gather
    from archscope.report.page import page
    from archscope.report.page_data import Request, page_data
    from archscope.tracing import trace

    def block() -> nn.Module:
        return nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 1))

    with torch.device("meta"):
        stages = nn.Sequential(*(nn.Sequential(*(block() for _ in range(180 + n))) for n in range(LARGE // 5 // 200)))
        graph = trace(stages, torch.empty(1, 8, 8, 8), name="large")
    look: dict[str, Any] = {"input": [], "batch": 1, "dtype": "float32", "mode": "eval", "options": {}}
    path.write_text(page(page_data(list(gather([graph], look)), Request(look))), encoding="utf-8")
    print(f"\nthe large network: {len(graph.nodes):,} operators")


def _in_browser(pages: dict[str, Path]) -> None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("in the browser: not measured, playwright is not installed")
        return
    where = shutil.which("chromium")
    if where is None:
        print("in the browser: not measured, there is no chromium")
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=where, args=FLAGS.split())
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.goto("data:text/html,<!doctype html><p>blank</p>")
        blank = tab.evaluate("performance.now()")
        print(
            f"\n{'':24s}{'MB':>7s}{'ready ms':>10s}{'x blank':>9s}{'open ms':>9s}{'slowest':>9s}{'zoom fps':>10s}{'x idle':>8s}"
        )
        for name, path in pages.items():
            tab.goto(path.as_uri())
            tab.wait_for_function("document.documentElement.dataset.ready === 'yes'")
            ready = tab.evaluate("performance.now()")
            tab.evaluate("document.querySelector('#networks .viewer').scrollIntoView({behavior: 'instant'})")
            tab.wait_for_timeout(500)
            used = tab.evaluate(USE)
            print(
                f"{name:24s}{path.stat().st_size / 1e6:7.2f}{ready:10.0f}{ready / blank:9.1f}{used['opens']:9.1f}{used['slowest']:9.1f}"
                f"{1000 / used['zoom']:10.0f}{used['rest'] / used['zoom']:8.2f}"
            )
        browser.close()
