"""The page for everybody: axe-core finds no serious fault, opened and closed, light and dark, wide and narrow."""

from pathlib import Path

import pytest
from looking import button, click

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 375)])
def test_axe_finds_no_serious_fault(visit, scheme, width):
    tab = visit("#net=1&open=1.0.0&at=1.0&find=relu", color_scheme=scheme, width=width, bypass_csp=True)
    tab.locator("#side").scroll_into_view_if_needed()
    tab.wait_for_selector("#side g.item")
    tab.locator(".claims summary").click()
    click(tab, "0")
    tab.evaluate(AXE)
    found = tab.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => [v.id, v.impact, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary]))"
    )
    assert [fault for fault in found if fault[1] in ("serious", "critical")] == []
    button(tab, "Close all")
