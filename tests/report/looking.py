"""What the tests of the page do with it."""

import re
from pathlib import Path

from archscope.comparison.side_by_side import gather
from archscope.report.page import page
from archscope.report.page_data import Request, page_data

LOOK = {"input": [], "batch": 1, "dtype": "float32", "mode": "eval", "options": {}}


def written(folder: Path, models, name: str = "page.html", **request) -> Path:
    subjects = list(gather(models, LOOK))
    path = folder / name
    path.write_text(page(page_data(subjects, Request(LOOK, **request))), encoding="utf-8")
    return path


def item(tab, box: str, inside: str = "#networks"):
    return tab.locator(f'{inside} g.item[data-id="{box}"]')


def click(tab, *boxes: str, inside: str = "#networks") -> None:
    """Clicks boxes of the diagram, wherever they are."""
    for box in boxes:
        tab.evaluate(
            "([inside, id]) => document.querySelector(`${inside} g.item[data-id='${id}']`)"
            ".dispatchEvent(new MouseEvent('click', {bubbles: true}))",
            [inside, box],
        )


def button(tab, words: str, inside: str = "#networks") -> None:
    tab.evaluate(
        "([inside, words]) => [...document.querySelectorAll(`${inside} button`)].find(b => b.textContent === words).click()",
        [inside, words],
    )


def boxes(tab, inside: str = "#networks") -> list[str]:
    return tab.evaluate("inside => [...document.querySelectorAll(`${inside} g.item`)].map(g => g.dataset.id)", inside)


def column(tab, key: str) -> list[str]:
    """The plain values of a column of the comparison, from top to bottom."""
    return tab.evaluate(
        "key => [...document.querySelectorAll(`.comparison td[data-key='${key}']`)].map(cell => cell.dataset.value)", key
    )


def names(tab) -> list[str]:
    return [re.split(r"\n", text)[0] for text in tab.locator(".comparison tbody th").all_inner_texts()]


def settled(tab) -> str:
    """The address, when the state has been written into it."""
    tab.wait_for_timeout(250)
    return tab.url.partition("#")[2]
