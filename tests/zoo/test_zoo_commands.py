"""`archscope list`, `info` and `verify` as a user runs them."""

import csv
import io
import json
import subprocess
import sys

import pytest

from archscope.cli.app import run
from archscope.zoo import catalog, verification
from archscope.zoo.cards import Claim


def said(capsys, *words):
    code = run(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def test_list_shows_every_network(capsys):
    code, out, _ = said(capsys, "list", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["model"] for row in rows] == [entry.name for entry in catalog.entries()]
    v4 = next(row for row in rows if row["model"] == "inception_v4")
    assert (v4["params"], v4["macs"], v4["input"], v4["year"]) == ("42679816", "12253974624", "3x299x299", "2016")
    assert v4["top1_error_percent"] == "20.0"  # single crop, Table 2 of the paper
    assert "v4" in v4["aliases"].split(", ")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("lenet-5",), {"lenet5", "lenet5_dense"}),
        (("resnet*_v1_5",), {"resnet18", "resnet34", "resnet50_v1_5", "resnet101_v1_5", "resnet152_v1_5"}),
        (("v4",), {"inception_v4"}),
        (("--family", "alexnet"), {"alexnet", "alexnet_owt"}),
        (("owt", "--family", "alexnet"), {"alexnet_owt"}),
        (("Inception-ResNet-v2",), {"inception_resnet_v2", "inception_resnet_v2_paper"}),
    ],
)
def test_list_filters(capsys, words, names):
    _, out, _ = said(capsys, "list", *words, "--format", "json")
    assert {row["model"] for row in json.loads(out)["rows"]} == names


def test_list_without_a_match(capsys):
    code, out, err = said(capsys, "list", "inceptoin_v4")
    assert (code, out) == (2, "")
    assert err.startswith("error: no network matches 'inceptoin_v4'\nhint: did you mean inception_v4")


def test_list_of_an_unknown_family(capsys):
    code, _, err = said(capsys, "list", "--family", "transformer")
    assert code == 2
    assert "choose from alexnet" in err


def test_list_and_info_import_no_torch():
    for words in (["list"], ["info", "irv2"]):
        code = (
            f"import sys; from archscope.cli.app import run; code = run({words}); sys.exit(10 * ('torch' in sys.modules) + code)"
        )
        assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False).returncode == 0


def test_info_shows_card_and_variants(capsys):
    code, out, _ = said(capsys, "info", "irv2")
    assert code == 0
    for words in (
        "inception_resnet_v2: Inception-ResNet-v2", "https://arxiv.org/abs/1602.07261", "55,843,464",
        "13,155,794,016", "residual_scale", "inception_resnet_v2_paper", "half the blocks", "12 crops",
    ):  # fmt: skip
        assert words in out


def test_info_as_json_carries_the_claims(capsys):
    _, out, _ = said(capsys, "info", "vgg16", "--format", "json")
    card = json.loads(out)
    assert card["model"] == "vgg16"
    assert card["totals"]["params"] == 138_357_544
    assert card["paper"]["year"] == 2014
    wrong = [claim for claim in card["claims"] if claim["value"] == 137_557_696]
    assert wrong[0]["expect"] == "differs"


def test_info_of_an_unknown_network(capsys):
    code, out, err = said(capsys, "info", "vgg17")
    assert (code, out) == (2, "")
    assert "did you mean" in err


def test_verify_explains_what_differs(capsys):
    code, out, _ = said(capsys, "verify", "lenet5", "--verdict", "differs", "--exact")
    assert code == 0
    assert "156,000" in out
    assert "151,600" in out
    assert "misprint" in out


def test_verify_counts_the_verdicts(capsys):
    code, out, _ = said(capsys, "verify", "irv1", "v3", "--format", "json")
    report = json.loads(out)
    assert code == 0
    assert {row["model"] for row in report["rows"]} == {"inception_resnet_v1", "inception_v3"}
    assert report["totals"]["FAILS"] == 0
    assert (
        report["totals"]["claims"]
        == len(report["rows"])
        == sum(report["totals"][key] for key in report["totals"] if key != "claims")
    )


def test_verify_fails_when_a_claim_does(capsys, monkeypatch):
    false = Claim(quantity="params", value=60_001, source="nobody")
    entry = catalog.find("lenet5")
    monkeypatch.setattr(verification, "verify", lambda entries: [verification.check(entry, false)])
    code, out, err = said(capsys, "verify", "lenet5")
    assert code == 1
    assert "FAILS" in out
    assert err == ""


def test_verify_of_an_unknown_verdict(capsys):
    code, _, err = said(capsys, "verify", "lenet5", "--verdict", "maybe")
    assert code == 2
    assert "choose from" in err
