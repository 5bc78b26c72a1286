"""Renderers: the same table in every format, no digit lost at any width, and names that try to break out of it."""

import io
import json
import re
from functools import partial

import pandas as pd
import pytest
import torch
from rich.console import Console
from torch import Size, nn

import archscope
from archscope.errors import UsageError
from archscope.printable import printable
from archscope.render import FORMATS, by_suffix, plain_text, render, terminal
from archscope.render.cells import text
from archscope.tables.flops import flops_table
from archscope.tables.params import params_table
from archscope.tables.shapes import shapes_table
from archscope.tables.table import Column, Row, Table

HOSTILE = [
    "[red]", "[/]", "[link=x]", ":smile:", "a|b", 'say "x"', "it's", "a,b;c", "line\nend", "line\rend", "tab\there", "\x1b[31m",
    "emoji🔬",
    "漢字", "é", "_under_*star*`tick`", "<b>&amp;", "$x^2$ \\alpha {y} ~ %",
    "-lead", "*", "=1+1", " padded ", "x" * 300, "\u202eright",
]  # fmt: skip


def hostile_network() -> nn.Module:
    """A module under every hostile name, of a class with a hostile name; one of them unused."""
    net = nn.Sequential()
    for at, name in enumerate(HOSTILE):
        kind = type(HOSTILE[-1 - at], (nn.Linear,), {})
        net.add_module(name, kind(4, 4))
    outer = nn.Module()
    outer.net, outer.forward = net, lambda x: net(x)
    outer.add_module("[/red] unused\n", nn.Linear(3, 3))
    return outer


@pytest.fixture(scope="module")
def hostile() -> list[Table]:
    graph = archscope.trace(hostile_network(), Size((2, 4)), name="[bold]net[/]\n")
    return [params_table(graph, 2), *(flops_table(graph, by) for by in ("stage", "layer", "operator")), shapes_table(graph)]


@pytest.fixture
def reports(tiny) -> list[Table]:
    costs = [flops_table(tiny), flops_table(tiny, "operator"), flops_table(tiny, "layer", top=2)]
    return [params_table(tiny), *costs, shapes_table(tiny)]


# -- every format -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_every_table(reports, form):
    for report in reports:
        assert render([report], form).endswith("\n")
    assert render([], form) is not None


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_table_gives_the_same_text(reports, form):
    assert render(reports, form) == render(reports, form)


@pytest.mark.parametrize("form", FORMATS)
def test_a_suffix_names_its_format(form):
    assert by_suffix(f"x/y.z{FORMATS[form].suffix}") == form
    assert by_suffix(f"x{FORMATS[form].suffix.upper()}") == form


def test_another_suffix_is_refused():
    with pytest.raises(UsageError, match="has no suffix that names a format"):
        by_suffix("x.docx")
    with pytest.raises(UsageError, match="unknown format 'docx'"):
        render([], "docx")


def test_csv_through_pandas(reports):
    frame = pd.read_csv(io.StringIO(render([reports[0]], "csv")))
    assert list(frame.columns)[:3] == ["model", "module", "type"]
    assert frame["params"].tolist() == [4 * 3 * 3 * 3, 4 * 4 * 3 * 3 + 4, 4 * 10 + 10, 5 * 7]
    assert set(frame["model"]) == {"tiny"}
    together = pd.read_csv(io.StringIO(render(reports, "csv")))
    assert len(together) == sum(len(report.rows) for report in reports)


def test_json_is_plain(reports):
    found = json.loads(render([reports[1]], "json"))
    assert found["schema_version"] == 1
    assert found["model"] == "tiny"
    assert found["inputs"] == [[1, 3, 8, 8]]
    assert found["totals"]["macs"] == 8 * 8 * 4 * 3 * 3 * 3 + 8 * 8 * 4 * 4 * 3 * 3 + 4 * 10
    assert found["totals"]["flops"] == 2 * found["totals"]["macs"] + sum(
        found["totals"][key] for key in ("adds", "muls", "divs", "comparisons", "exponentials")
    )
    assert found["totals"]["params"] == 108 + 144 + 4 + 40 + 10 + 35
    assert found["totals"]["trainable_params"] == found["totals"]["params"] - 4
    assert (found["totals"]["buffers"], found["totals"]["unused_params"], found["totals"]["uncounted"]) == (3, 35, [])
    assert all(type(found["totals"][key]) is int for key in ("params", "macs", "flops", "activations", "buffers"))
    assert [row["macs"] for row in found["rows"]][:2] == [8 * 8 * 4 * 27, 8 * 8 * 4 * 36]
    assert isinstance(json.loads(render(reports, "json")), list)


def test_markdown_has_one_table_of_equal_rows(reports):
    lines = [line for line in render([reports[0]], "md").splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(reports[0].rows)
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert "| 148 |" in "\n".join(lines)  # 4 * 4 * 3 * 3 + 4 of the block


def test_latex_rows_have_as_many_cells_as_columns(reports):
    lines = render([reports[1]], "latex").splitlines()
    spec = next(line for line in lines if line.startswith(r"\begin{tabular}"))
    columns = len(re.findall(r"S\[[^]]*\]|[lr]", spec.partition("}{")[2]))
    rows = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert len(rows) == len(reports[1].rows)
    assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {columns}


# -- names that try to break out ----------------------------------------------------------------------------------------------


def test_hostile_names_in_json(hostile):
    rows = json.loads(render([hostile[0]], "json"))["rows"]
    assert set(HOSTILE) <= {row["path"].removeprefix("net.") for row in rows}
    assert json.loads(render([hostile[0]], "json"))["model"] == "[bold]net[/]\n"


def test_hostile_names_in_csv(hostile):
    frame = pd.read_csv(io.StringIO(render([hostile[0]], "csv")), keep_default_na=False)
    assert len(frame) == len(hostile[0].rows)
    assert {printable(name) for name in HOSTILE} <= {path.removeprefix("net.") for path in frame["path"]}


def test_hostile_names_in_markdown(hostile):
    for report in hostile:
        lines = [line for line in render([report], "md").splitlines() if line.startswith("|")]
        assert len(lines) == 2 + len(report.rows)
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
        assert "<b>" not in render([report], "md")


def test_hostile_names_in_latex(hostile):
    for report in hostile:
        lines = render([report], "latex").splitlines()
        rows = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
        assert len(rows) == len(report.rows)
        assert all(not row.lstrip().startswith(("[", "*")) for row in rows)
        assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) == 1


@pytest.mark.parametrize("width", [None, 40, 80, 200])
def test_hostile_names_in_a_table(hostile, width):
    for report in hostile:
        shown = at_width(report, width)
        assert "\x1b" not in shown
        assert "\r" not in shown
        if width:
            assert max(len(line) for line in shown.splitlines()) <= width
    if width is None:
        shown = at_width(hostile[0], None)
        assert all(text(name, "path") in shown for name in HOSTILE if name.strip() == name)
        assert "[/red] unused" in shown


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_names_in_every_format(hostile, form):
    assert "\x1b" not in render(hostile, form) or form in ("csv", "json")


# -- widths -------------------------------------------------------------------------------------------------------------------


def at_width(report: Table, width: int | None, exact: bool = False) -> str:
    if width is None:
        return plain_text.plain([report], exact)
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None, legacy_windows=False)
    console.print(terminal.renderable(report, width, exact))
    return out.getvalue()


WIDE = [*(partial(flops_table, by=by) for by in ("stage", "layer", "operator")), params_table, shapes_table]


@pytest.fixture(scope="module")
def inception():
    return archscope.load("inception_v4").trace()


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("width", [20, 40, 80, 120])
@pytest.mark.parametrize("make", range(len(WIDE)))
def test_a_number_is_whole_or_its_column_is_absent(inception, make, width, exact):
    report = WIDE[make](inception)
    shown, hidden = terminal.fitting(report, width, exact)
    assert [c for c in report.columns if not c.file_only and c not in shown and c not in hidden and has(report, c)] == []
    lines = at_width(report, width, exact)
    numbers = set(re.findall(r"[\d,.]+(?:[x/][\d,.]+)*", lines))
    if width >= 40:
        for column in shown:
            if column.kind in ("count", "bytes"):
                for row in report.rows:
                    words = text(row.values.get(column.key), column.kind, exact)
                    assert not words or words.split()[0] in numbers, (column.key, words)
    for column in hidden:
        assert column.title in re.sub(r"\s+", " ", lines).partition("Left out at this width")[2]


def has(report: Table, column: Column) -> bool:
    return any(row.values.get(column.key) is not None for row in report.rows)


def test_a_pipe_gets_every_column_in_full(inception):
    report = flops_table(inception, "layer")
    shown = at_width(report, None)
    assert "Left out" not in shown
    assert all(str(row.values["path"]) in shown for row in report.rows)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("make", range(len(WIDE) + 1))
def test_a_pipe_gets_what_a_terminal_shows_that_is_wide_enough(inception, make, exact):
    odd = Table(
        "m", "畳み込み\t\x1b[31m", (Column("a", "層", "path"), Column("n", "n", "count"), Column("s", "share", "share"), Column("f", "f", "text", file_only=True)),
        (Row({"a": "畳み込み", "n": 7}, depth=2, quiet=True), Row({"a": "e\u0301", "n": 12_345_678, "s": 0.123}), Row({"a": None, "s": 1}), Row({"a": "", "f": "x"})),
        facts=("word " * 60, "x" * 300), summary=(("層", 12_345_678, "count"), ("none", None, "bytes"), ("few", 7, "count")), notes=("note",),
    )  # fmt: skip
    report = WIDE[make](inception) if make < len(WIDE) else odd
    wide = at_width(report, 5000, exact)
    assert plain_text.plain([report], exact).splitlines() == [line.rstrip() for line in wide.splitlines()]


def test_a_share_has_a_bar():
    rows = (Row({"a": "half", "s": 0.5}), Row({"a": "all", "s": 1.0}))
    report = Table("m", "t", (Column("a", "a"), Column("s", "share", "share")), rows)
    shown = plain_text.plain([report])
    assert " 50.0% ████\n" in shown
    assert "100.0% ████████\n" in shown


def test_a_graph_in_a_notebook(tiny, hostile):
    page = tiny._repr_html_()
    assert "tiny" in page
    assert "<table" in page
    graph = archscope.trace(hostile_network(), torch.Size((2, 4)), name="<script>alert(1)</script>")
    assert "<script>alert" not in graph._repr_html_()
    assert "<b>&amp;" not in graph._repr_html_()
