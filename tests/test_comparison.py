"""Networks side by side: the figures, the frame, the table, the command."""

import io
import re
import shutil
import subprocess

import pandas as pd
import pytest
from networks import traced
from rich.console import Console

from archscope import compare
from archscope.bench.results.files import to_json
from archscope.bench.results.records import Bench, Environment, Plan, Session, Settings, Timing
from archscope.cli.app import run
from archscope.comparison.comparison_table import MODEL_COLUMNS, PAGE, comparison_table
from archscope.comparison.side_by_side import DEFAULT, frame, published
from archscope.errors import UsageError
from archscope.models.loading import load
from archscope.render import render
from archscope.render.cells import text
from archscope.render.terminal import fitting, renderable
from archscope.zoo import catalog

# timm and Cadene's ports of the released networks; Inception-ResNet-v1 and the figures' -v2 by their own arithmetic.
PARAMS = {
    "inception_v3": 23_834_568, "inception_v4": 42_679_816, "inception_resnet_v1": 22_756_328, "inception_resnet_v2": 55_843_464,
    "inception_resnet_v2_paper": 32_433_928,
}  # fmt: skip
MACS = {
    "inception_v3": 5_713_216_096, "inception_v4": 12_253_974_624, "inception_resnet_v1": 6_206_361_696,
    "inception_resnet_v2": 13_155_794_016, "inception_resnet_v2_paper": 9_257_953_632,
}  # fmt: skip
DEPTH = {
    "inception_v3": 48,
    "inception_v4": 76,
    "inception_resnet_v1": 93,
    "inception_resnet_v2": 176,
    "inception_resnet_v2_paper": 96,
}
CONVS = {
    "inception_v3": 94,
    "inception_v4": 149,
    "inception_resnet_v1": 127,
    "inception_resnet_v2": 244,
    "inception_resnet_v2_paper": 132,
}


@pytest.fixture(scope="module")
def five() -> pd.DataFrame:
    return compare([traced(name) for name in DEFAULT])


def command(capsys, *words: str) -> tuple[int, str, str]:
    code = run(["compare", *words])
    out, err = capsys.readouterr()
    return code, out, err


# -- figures ---------------------------------------------------------------------------------------------------------------------


def test_the_five_networks_have_the_counts_of_independent_implementations(five):
    for column, expected in (("params", PARAMS), ("macs", MACS), ("weighted_depth", DEPTH), ("convolutions", CONVS)):
        assert dict(zip(five["model"], five[column], strict=True)) == expected


def test_the_ratios_say_what_is_true_of_each_variant(five):
    ratios = five.set_index("model")[["params_ratio", "macs_ratio"]]
    assert ratios.loc["inception_v3"].tolist() == [1.0, 1.0]
    # "Inception-ResNet-v1 costs about as much as Inception-v3": true
    assert ratios.loc["inception_resnet_v1"].tolist() == pytest.approx([22_756_328 / 23_834_568, 6_206_361_696 / 5_713_216_096])
    assert ratios.loc["inception_resnet_v1"].between(0.9, 1.1).all()
    # "Inception-ResNet-v2 has about twice the parameters and computation": of the released network 2.3 times, of the figures' 1.4 and 1.6
    assert ratios.loc["inception_resnet_v2"].tolist() == pytest.approx([55_843_464 / 23_834_568, 13_155_794_016 / 5_713_216_096])
    assert ratios.loc["inception_resnet_v2_paper"].tolist() == pytest.approx(
        [32_433_928 / 23_834_568, 9_257_953_632 / 5_713_216_096]
    )


def test_published_errors_are_those_of_one_table_and_one_protocol(five):
    # Szegedy et al. 2016, Table 2: single crop, one model
    errors = five.set_index("model")[["top1_error", "top5_error"]]
    assert errors.loc["inception_v4"].tolist() == [20.0, 5.0]
    assert errors.loc["inception_resnet_v2"].tolist() == [19.9, 4.9]
    assert errors.loc["inception_resnet_v1"].tolist() == [21.3, 5.5]
    assert errors.loc["inception_resnet_v2_paper"].isna().all()
    assert five["error_protocol"].dropna().str.contains("single crop").all()


def test_errors_of_several_networks_or_other_years_are_never_taken():
    alexnet = published(catalog.find("alexnet"))
    assert (alexnet["top1_error"], alexnet["error_protocol"]) == (40.7, "ILSVRC-2012 validation, 10 crops")
    many = published(catalog.find("inception_v4"), "144 crops")
    assert (many["top1_error"], many["top5_error"]) == (17.7, 3.8)  # Table 4
    assert published(catalog.find("inception_v4"), "on the moon") == {}
    assert published(catalog.find("lenet5")) == {}


def test_flops_of_a_batch_grow_with_it_and_parameters_do_not():
    one, four = compare(["lenet5_dense"]), compare(["lenet5_dense"], batch=4)
    assert four["macs"][0] == 4 * 416_520 == 4 * one["macs"][0]
    assert four["params"][0] == one["params"][0] == 61_706
    assert four["batch"][0] == 4


def test_a_saved_graph_tells_its_own_batch_and_whether_it_is_the_published_network(tmp_path):
    (tmp_path / "a.json").write_bytes(load("inception_v3").trace(batch=2).to_json())
    (tmp_path / "b.json").write_bytes(load("inception_v3", num_classes=10).trace().to_json())
    found = compare([str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert found["batch"].tolist() == [2, 1]
    assert found["macs"][0] == 2 * MACS["inception_v3"]
    assert found["top1_error"][0] == 21.2
    assert pd.isna(found["top1_error"][1])


def test_two_files_of_one_name_are_told_apart(tmp_path):
    (tmp_path / "a.json").write_bytes(load("lenet5_dense").trace().to_json())
    (tmp_path / "b.json").write_bytes(load("lenet5_dense", num_classes=5).trace().to_json())
    found = compare([str(tmp_path / "a.json"), str(tmp_path / "b.json")])
    assert list(found["model"]) == ["lenet5_dense", "b.json"]
    assert found["params"][0] - found["params"][1] == 5 * (84 + 1)  # of the last layer


def test_all_networks_at_one_size():
    found = compare(["resnet18", "alexnet_owt"], input=[(3, 128, 128)])
    assert found["input"].tolist() == ["3x128x128"] * 2
    assert found["macs"][0] < 1_814_073_344


# -- the frame -------------------------------------------------------------------------------------------------------------------


def test_whole_numbers_stay_whole(five):
    whole = [column.key for column in MODEL_COLUMNS if column.kind in ("count", "bytes", "year")]
    complete = [key for key in whole if five[key].notna().all()]
    assert {"params", "macs", "flops", "peak_memory", "receptive_field", "year"} <= set(complete)
    assert {str(five[key].dtype) for key in complete} == {"int64"}
    assert {str(five[key].dtype) for key in whole if key not in complete} == {"Int64"}


def test_a_network_that_fails_keeps_its_row_with_the_reason_and_what_is_known():
    found = compare(["inception_v3", "resnet18"], input=[(3, 16, 16)])
    assert found["model"].tolist() == ["inception_v3", "resnet18"]
    assert str(found["macs"].dtype) == "Int64"
    failed, fine = found.iloc[0], found.iloc[1]
    assert "stem" in failed["failure"]
    assert failed["params"] == 23_834_568
    assert failed["top1_error"] == 21.2
    assert pd.isna(failed["macs"])
    assert pd.isna(fine["failure"])
    assert fine["params"] == 11_689_512


def test_an_unknown_network_has_a_row_too():
    found = compare(["lenet5", "nonsense_v7"])
    assert "nonsense_v7" in found["failure"][1]
    assert found["params"].dtype == "Int64"
    assert pd.isna(found["params"][1])


def test_csv_makes_the_round_trip(five):
    again = pd.read_csv(io.StringIO(five.to_csv(index=False)))
    numbers = [key for key in five if str(five[key].dtype) in ("int64", "float64")]
    pd.testing.assert_frame_equal(again[numbers], five[numbers])
    words = ["model", "family", "variant", "input", "error_source"]
    assert again[words].fillna("").values.tolist() == five[words].fillna("").values.tolist()


def test_the_commands_csv_is_the_frame(capsys):
    code, out, _ = command(capsys, "lenet5", "lenet5_dense", "--format", "csv")
    assert code == 0
    read = pd.read_csv(io.StringIO(out))
    made = compare(["lenet5", "lenet5_dense"])
    assert read.columns.tolist() == made.columns.tolist() == [column.key for column in MODEL_COLUMNS]
    assert read["macs"].tolist() == made["macs"].tolist() == [325_680, 416_520]
    assert read["params"].dtype == "int64"


def test_baseline_by_alias_and_unknown_baseline():
    found = compare(["lenet5", "lenet5_dense"], baseline="lenet5_dense")
    assert found["params_ratio"].tolist() == [60_000 / 61_706, 1.0]
    assert compare(["vgg11", "resnet18"], baseline="ResNet-18")["params_ratio"][1] == 1.0
    with pytest.raises(UsageError, match="unknown baseline 'vgg16'"):
        compare(["lenet5"], baseline="vgg16")


def test_groupings_that_do_not_exist_are_named():
    with pytest.raises(UsageError, match="unknown grouping 'layer'"):
        compare(["lenet5"], by="layer")


# -- benchmarks ------------------------------------------------------------------------------------------------------------------


def bench_of(*timings: Timing) -> Bench:
    where = Environment(
        device="cpu", cpu="a processor", cores=4, logical_cores=8, usable_cores=8, memory=None, threads=4, system="", python="",
        torch="", archscope="", build={}, math={}, variables={}, date="",
    )  # fmt: skip
    return Bench((Session(where, Plan(), timings),))


def test_latency_and_throughput_join_on_model_batch_and_dtype():
    bench = bench_of(
        Timing("lenet5", "a", Settings(batch=8), rounds=((0.5, 0.5, 0.5),)),
        Timing("lenet5", "a", Settings(batch=8, compiled=True), rounds=((0.1,),)),
        Timing("lenet5", "a", Settings(batch=1), rounds=((9.0,),)),
        Timing("lenet5_dense", "b", Settings(batch=8, dtype="float16"), rounds=((9.0,),)),
        Timing("lenet5_dense", "b", Settings(batch=8), rounds=((0.9, 1.0, 1.1),)),
        Timing("alexnet", "c", Settings(batch=8, train=True), rounds=((9.0,),)),
    )
    found = compare(["lenet5", "lenet5_dense", "alexnet"], batch=8, bench=bench)
    assert found["latency_seconds"].tolist()[:2] == [0.5, 1.0]
    assert found["throughput"].tolist()[:2] == [16.0, 8.0]
    assert found["latency_ratio"].tolist()[:2] == [1.0, 2.0]
    assert found.loc[2, ["latency_seconds", "throughput", "device"]].isna().all()
    assert found["device"][0] == "cpu: a processor"


def test_bench_files_on_the_command_line(capsys, tmp_path):
    path = tmp_path / "bench.json"
    path.write_text(to_json(bench_of(Timing("lenet5", "a", Settings(), rounds=((0.25,),)))))
    code, out, _ = command(capsys, "lenet5", "--bench", str(path), "--columns", "latency_seconds,throughput", "--format", "csv")
    assert (code, out) == (0, "model,latency_seconds,throughput\nlenet5,0.25,4.0\n")
    code, _, err = command(capsys, "lenet5", "--bench", str(tmp_path / "none.json"))
    assert code == 1
    assert "cannot read" in err


# -- tables ----------------------------------------------------------------------------------------------------------------------


def rows_of(made: pd.DataFrame) -> list[dict]:
    return [{key: None if pd.isna(value) else value for key, value in row.items()} for row in made.to_dict("records")]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_digit_is_lost_at_any_width(five, width):
    report = comparison_table(rows_of(five), "model")
    console = Console(file=io.StringIO(), width=width, height=100, color_system=None, force_terminal=True)
    console.print(renderable(report, width))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    shown, _ = fitting(report, width, False)
    assert {"model", "params", "macs"} <= {column.key for column in shown}
    for row in report.rows:
        line = next(line for line in lines if line.split()[:1] == [row.values["model"]])
        expected = [text(row.values[c.key], c.kind) for c in shown if row.values[c.key] is not None]
        assert line.split() == " ".join(expected).split()


def test_columns_sort_and_their_errors(capsys):
    code, out, _ = command(capsys, "lenet5", "lenet5_dense", "--columns", "macs,year", "--sort", "-macs", "--format", "csv")
    assert (code, out) == (0, "model,macs,year\nlenet5_dense,416520,1998\nlenet5,325680,1998\n")
    code, out, err = command(capsys, "lenet5", "--columns", "macs,speed")
    assert (code, out) == (2, "")
    assert "unknown column 'speed'" in err
    assert command(capsys, "lenet5", "--sort", "speed")[0] == 2


def test_rows_without_a_value_are_sorted_to_the_end(capsys):
    _, out, _ = command(
        capsys,
        "lenet5",
        "inception_resnet_v2_paper",
        "vgg11",
        "--sort",
        "top1_error",
        "--columns",
        "top1_error",
        "--format",
        "csv",
    )
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == ["vgg11", "lenet5", "inception_resnet_v2_paper"]


def test_a_failure_is_in_the_table_and_in_the_exit_code(capsys):
    code, out, err = command(capsys, "lenet5", "nonsense_v7", "--format", "csv")
    assert code == 2
    assert out.splitlines()[2].startswith("nonsense_v7,")
    assert err.startswith("error: unknown model 'nonsense_v7'")
    code, out, err = command(capsys, "nonsense_v7")
    assert (code, out) == (2, "")


def test_bare_csv_is_named_after_the_command(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command(capsys, "lenet5", "--out", "csv")[:2] == (0, "reports/compare.csv\n")
    assert command(capsys, "lenet5", "--by", "stage", "--out", "csv")[:2] == (0, "reports/compare-by-stage.csv\n")
    assert pd.read_csv(tmp_path / "reports" / "compare.csv")["params"].tolist() == [60_000]


def test_uncounted_operators_are_named(capsys, tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n    example_input_shape = (8, 8)\n    def forward(self, x):\n        return torch.linalg.eigvals(x).real\n"
    )
    code, out, _ = command(capsys, f"{tmp_path / 'net.py'}:Net")
    assert code == 0
    assert "uncounted" in out
    assert "≥" in out


# -- LaTeX -----------------------------------------------------------------------------------------------------------------------


def latex(five: pd.DataFrame) -> str:
    return render([comparison_table(rows_of(five), "model", PAGE, facts=("float32 & eval_mode",), notes=("50% of #1",))], "latex")


def test_latex_has_as_many_cells_as_columns_and_no_bare_special_signs(five):
    made = latex(five)
    spec = re.search(r"\\begin\{tabular\}\{(.*)\}\n", made)[1]
    columns = re.findall(r"S\[table-format=\d+\.\d+\]|[lr]", spec)
    body = made[made.index(r"\midrule") : made.index(r"\bottomrule")].splitlines()[1:]
    assert len(body) == 5
    assert all(len(re.findall(r"(?<!\\)&", line)) == len(columns) - 1 for line in body)
    assert re.search(r"(?<!\\)[_%#&]", re.sub(r" & ", "", made.split("\n", 1)[1])) is None
    # siunitx reserves as many digits as the largest number has
    widths = [int(digits) for digits in re.findall(r"table-format=(\d+)\.0", spec)]
    assert max(widths) == len(str(max(MACS.values())))
    assert made.count(r"\begin{") == made.count(r"\end{") == 2


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(five, tmp_path):
    document = r"\documentclass{article}\usepackage{booktabs,siunitx}\usepackage[margin=2cm]{geometry}\begin{document}" "\n"
    (tmp_path / "page.tex").write_text(document + latex(five) + r"\end{document}")
    made = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout[-2000:]
    assert "Overfull" not in made.stdout


def test_an_empty_comparison_is_an_empty_frame():
    assert frame([], "model").columns.tolist() == [column.key for column in MODEL_COLUMNS]
