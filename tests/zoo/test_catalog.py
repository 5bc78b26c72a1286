"""The table that travels with the package: torch-free, complete, and equal to fresh builds and traces."""

import json
import subprocess
import sys

import pytest
import torch

from archscope import zoo
from archscope.errors import UsageError
from archscope.registry import Registry
from archscope.zoo import catalog, verification
from archscope.zoo.network import NETWORKS, network
from archscope.zoo.papers import LENET


def fresh(code):
    """What a new interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_catalog_equals_fresh_builds_and_traces():
    assert catalog.entries() == verification.survey(), "write it anew: python -m archscope.zoo.verification"


def test_catalog_needs_no_torch():
    code = "import sys; from archscope.zoo import catalog; catalog.find('v4'); print('torch' in sys.modules)"
    assert fresh(code) == "False"


def test_building_imports_one_family_and_none_of_torchs_slow_modules():
    code = (
        "import json, sys, torch; from archscope import zoo\n"
        "with torch.device('meta'): torch.nn.Linear(1, 1)  # in an older torch this alone needs sympy\n"
        "given = set(sys.modules)\n"
        "with torch.device('meta'): zoo.build('inception_v4'); zoo.build('inception_v4', aux_heads=True)\n"
        "slow = [m for m in ('sympy', 'torch._dynamo', 'torchvision', 'timm') if m in set(sys.modules) - given]\n"
        "others = [m for m in ('vgg', 'resnet', 'lenet', 'inception_v3') if 'archscope.zoo.' + m in sys.modules]\n"
        "print(json.dumps([slow, others]))"
    )
    assert json.loads(fresh(code)) == [[], []]


def test_meta_device_draws_no_weights():
    for entry in catalog.entries():
        with torch.device("meta"):
            model = zoo.build(entry.name)
        assert all(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())), entry.name


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("v3", "inception_v3"), ("v4", "inception_v4"), ("irv1", "inception_resnet_v1"), ("irv2", "inception_resnet_v2"),
        ("irv2_paper", "inception_resnet_v2_paper"), ("inception_v1", "googlenet"), ("inception_v2", "bn_inception"),
        ("Inception-v4", "inception_v4"), ("ResNet-50", "resnet50"), ("resnet50 v1.5", "resnet50_v1_5"), ("VGG16", "vgg16"),
        ("lenet", "lenet5"), ("LeNet-5", "lenet5"), ("Inception-ResNet-v2", "inception_resnet_v2"),
    ],
)  # fmt: skip
def test_words_that_find_a_network(word, name):
    assert catalog.find(word).name == name


def test_unknown_name_lists_the_nearest():
    with pytest.raises(UsageError) as caught:
        catalog.find("inceptoin_v4")
    assert caught.value.message == "unknown model 'inceptoin_v4'"
    assert "inception_v4" in caught.value.hint
    assert caught.value.hint.count("inception") == 3


@pytest.mark.parametrize(
    ("name", "options", "message", "hint"),
    [
        (
            "v4",
            {"num_clases": 10},
            "inception_v4 has no argument 'num_clases'",
            "did you mean num_classes? it takes: num_classes, in_channels",
        ),
        ("v4", {"depth": 3}, "inception_v4 has no argument 'depth'", "it takes: num_classes"),
        ("resnet50", {"shortcut": "D"}, "resnet50: shortcut='D' is not possible", "A, B or C"),
        ("v4", {"num_classes": 0}, "inception_v4: num_classes=0 is not possible", "1 or more"),
        ("v4", {"num_classes": "ten"}, "inception_v4: num_classes='ten' is not possible", "a whole number"),
        ("v4", {"num_classes": True}, "inception_v4: num_classes=true is not possible", "a whole number"),
        ("v4", {"aux_heads": 1}, "inception_v4: aux_heads=1 is not possible", "true or false"),
        ("v4", {"dropout": 1.0}, "inception_v4: dropout=1.0 is not possible", "from 0"),
        ("irv2", {"residual_scale": 0}, "inception_resnet_v2: residual_scale=0 is not possible", "above 0"),
        ("alexnet", {"groups": 3}, "alexnet: groups=3 is not possible", "2 or 1"),
    ],
)
def test_impossible_options(name, options, message, hint):
    with pytest.raises(UsageError) as caught:
        zoo.build(name, **options)
    assert caught.value.message == message
    assert hint in caught.value.hint


def test_a_name_is_taken_once():
    def build() -> None:
        """Nothing: it is never called."""

    for name, alias in (("inception_v4", "new"), ("brand_new", "v4")):
        with pytest.raises(ValueError, match="registered already"):
            network(name, title="", family="", paper=LENET, input=(1,), variant="", aliases=(alias,))(build)
    assert "brand_new" not in NETWORKS
    assert isinstance(NETWORKS, Registry)


def test_cards_are_complete():
    for entry in catalog.entries():
        assert entry.title, entry.name
        assert entry.variant, entry.name
        assert entry.differs, entry.name
        assert entry.paper.url.startswith("https://"), entry.name
        assert 1998 <= entry.year <= 2017, entry.name
        assert len(entry.input) == 3, entry.name
