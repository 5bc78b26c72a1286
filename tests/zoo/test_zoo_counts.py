"""Parameters and multiply-accumulates of every network and variant, to the last digit.

The figures are those of independent builds: torchvision, timm, TF-slim, Keras, Cadene's pretrainedmodels, facenet-pytorch and
akamaster's CIFAR networks where these have the network, the papers' layer tables multiplied out where nobody has it.
"""

import pytest
import torch
from torch import nn

from archscope import zoo
from archscope.tracing.forward_pass import trace
from archscope.zoo import catalog
from archscope.zoo.inception_parts import ReductionA, StemV4
from archscope.zoo.inception_resnet import InceptionResNet
from archscope.zoo.inception_resnet_blocks import InceptionResNetA, InceptionResNetB, InceptionResNetC, ReductionB

ROWS = [
    # name, options, parameters, MACs at the canonical input
    ("lenet5", {}, 60_000, 325_680),
    ("lenet5_dense", {}, 61_706, 416_520),
    ("lenet5_dense", {"activation": "relu"}, 61_706, 416_520),
    ("lenet_slim", {}, 3_274_634, 28 * 28 * 32 * 25 + 14 * 14 * 64 * 32 * 25 + 3136 * 1024 + 1024 * 10),
    ("alexnet", {}, 60_965_224, 724_406_816),
    ("alexnet", {"groups": 1}, 62_378_344, 1_135_256_096),
    ("alexnet_owt", {}, 61_100_840, 714_188_480),
    ("vgg11", {}, 132_863_336, 7_609_090_048),
    ("vgg11_lrn", {}, 132_863_336, 7_609_090_048),
    ("vgg11_bn", {}, 132_868_840, 7_609_090_048),
    ("vgg13", {}, 133_047_848, 11_308_466_176),
    ("vgg13_bn", {}, 133_053_736, 11_308_466_176),
    ("vgg16_1x1", {}, 133_638_952, 11_770_888_192),
    ("vgg16", {}, 138_357_544, 15_470_264_320),
    ("vgg16_bn", {}, 138_365_992, 15_470_264_320),
    ("vgg19", {}, 143_667_240, 19_632_062_464),
    ("vgg19_bn", {}, 143_678_248, 19_632_062_464),
    ("googlenet", {}, 6_998_552, 1_582_671_872),
    ("googlenet", {"aux_heads": True}, 13_378_280, 1_582_671_872),
    ("googlenet", {"conv1": "separable"}, 6_991_856, 1_498_677_248),
    ("googlenet", {"conv1": "separable", "aux_heads": True}, 13_371_584, 1_498_677_248),
    ("googlenet_torchvision", {}, 6_624_904, 1_498_376_192),
    ("googlenet_torchvision", {"aux_heads": True}, 13_004_888, 1_498_376_192),
    ("googlenet_torchvision", {"kernel5": 5}, 7_005_832, 1_582_671_872),
    ("googlenet_torchvision", {"kernel5": 5, "aux_heads": True}, 13_385_816, 1_582_671_872),
    ("bn_inception", {}, 11_188_288, 1_934_857_216),
    ("bn_inception", {"conv1": "dense"}, 11_194_984, 2_018_851_840),
    ("bn_inception", {"pool_proj": 128}, 11_278_528, 1_948_605_440),
    ("bn_inception", {"pool_proj": 128, "conv1": "dense"}, 11_285_224, 2_032_600_064),
    ("bn_inception_caffe", {}, 11_295_240, 2_032_600_064),
    ("inception_v3", {}, 23_834_568, 5_713_216_096),
    ("inception_v3", {"aux_heads": True}, 27_161_264, 5_713_216_096),
    ("inception_v4", {}, 42_679_816, 12_253_974_624),
    ("inception_v4", {"factors": "paper"}, 42_679_816, 12_253_974_624),
    # TF-slim has 46,006,800 without the 31,584 gammas of the network and the 128 + 768 of the head
    ("inception_v4", {"aux_heads": True}, 46_006_800 + 31_584 + 128 + 768, 12_253_974_624),
    ("inception_resnet_v1", {}, 22_756_328, 6_206_361_696),
    ("inception_resnet_v1", {"linear": "bn"}, 22_775_528, 6_206_361_696),
    ("inception_resnet_v1", {"linear": "bare"}, 22_737_128, 6_206_361_696),
    ("inception_resnet_v1_facenet", {}, 23_482_624, 1_417_662_304),
    ("inception_resnet_v2", {}, 55_843_464, 13_155_794_016),
    # TF-slim: 59,179,952, without 30,272 and 128 + 768 gammas
    ("inception_resnet_v2", {"aux_heads": True}, 59_179_952 + 30_272 + 128 + 768, 13_155_794_016),
    ("inception_resnet_v2_paper", {}, 32_433_928, 9_257_953_632),
    ("inception_resnet_v2_paper", {"linear": "bn"}, 32_458_088, 9_257_953_632),
    ("inception_resnet_v2_paper", {"linear": "bare"}, 32_409_768, 9_257_953_632),
    ("resnet18", {}, 11_689_512, 1_814_073_344),
    ("resnet18", {"shortcut": "A"}, 11_515_688, 1_794_805_760),
    ("resnet18", {"shortcut": "C"}, 12_043_816, None),
    ("plain18", {}, 11_515_688, 1_794_805_760),
    ("resnet34", {}, 21_797_672, 3_663_761_408),
    ("resnet34", {"shortcut": "A"}, 21_623_848, 3_644_493_824),
    ("resnet34", {"shortcut": "C"}, 22_716_840, None),
    ("plain34", {}, 21_623_848, 3_644_493_824),
    ("resnet50", {}, 25_557_032, 3_857_973_248),
    ("resnet50", {"shortcut": "A"}, 22_780_456, None),
    ("resnet50", {"shortcut": "C"}, 40_128_552, None),
    ("resnet50_v1_5", {}, 25_557_032, 4_089_184_256),
    ("resnet50_keras", {}, 25_583_592, 3_857_973_248),
    ("resnet101", {}, 44_549_160, 7_570_194_432),
    ("resnet101", {"shortcut": "A"}, 41_772_584, None),
    ("resnet101", {"shortcut": "C"}, 76_981_288, None),
    ("resnet101_v1_5", {}, 44_549_160, 7_801_405_440),
    ("resnet101_keras", {}, 44_601_832, 7_570_194_432),
    ("resnet152", {}, 60_192_808, 11_282_415_616),
    ("resnet152", {"shortcut": "A"}, 57_416_232, None),
    ("resnet152", {"shortcut": "C"}, 107_335_720, None),
    ("resnet152_v1_5", {}, 60_192_808, 11_513_626_624),
    ("resnet152_keras", {}, 60_268_520, 11_282_415_616),
    ("resnet34_keras_tutorial", {}, 122_569_256, 15_067_250_688),
    ("resnet20_cifar", {}, 269_722, 40_551_040),
    ("resnet20_cifar", {"shortcut": "B"}, 272_474, None),
    ("resnet32_cifar", {}, 464_154, 68_862_592),
    ("resnet32_cifar", {"shortcut": "B"}, 466_906, None),
    ("resnet44_cifar", {}, 658_586, 97_174_144),
    ("resnet44_cifar", {"shortcut": "B"}, 661_338, None),
    ("resnet56_cifar", {}, 853_018, 125_485_696),
    ("resnet56_cifar", {"shortcut": "B"}, 855_770, None),
    ("resnet110_cifar", {}, 1_727_962, 252_887_680),
    ("resnet110_cifar", {"shortcut": "B"}, 1_730_714, None),
    ("resnet1202_cifar", {}, 19_421_274, 2_829_238_912),
    ("resnet1202_cifar", {"shortcut": "B"}, 19_424_026, None),
    ("plain20_cifar", {}, 269_722, 40_551_040),
    ("plain32_cifar", {}, 464_154, 68_862_592),
    ("plain44_cifar", {}, 658_586, 97_174_144),
    ("plain56_cifar", {}, 853_018, 125_485_696),
    ("plain110_cifar", {}, 1_727_962, 252_887_680),
]


def meta(name, **options):
    with torch.device("meta"):
        return zoo.build(name, **options)


def graph_of(name, *, input=None, mode="eval", batch=1, **options):
    example = torch.empty(batch, *(input or catalog.find(name).input), device="meta")
    return trace(meta(name, **options), example, name=name, mode=mode)


@pytest.mark.parametrize(("name", "options", "params", "macs"), ROWS, ids=lambda value: value if isinstance(value, str) else None)
def test_parameters_and_macs(name, options, params, macs):
    if macs is None:
        assert sum(p.numel() for p in meta(name, **options).parameters()) == params
        return
    graph = graph_of(name, **options)
    assert sum(p.numel for p in graph.params if not p.buffer) == params
    assert graph.cost.macs == macs
    assert graph.uncounted == ()


def test_every_network_has_a_row():
    assert {name for name, *_ in ROWS} == {entry.name for entry in catalog.entries()}


@pytest.mark.parametrize(
    ("count", "middle", "params", "macs"),
    [
        ((5, 10, 5), (288, 288, 320), 32_433_928, 9_257_953_632),
        ((10, 20, 10), (288, 288, 320), 55_284_488, 14_142_011_232),  # titu1994's Keras network
        ((5, 10, 5), (256, 256, 256), 31_550_760, 9_190_937_184),  # with v1's Reduction-B, whence the figures' 2048
    ],
)
def test_readings_of_the_inception_resnet_v2_figures(count, middle, params, macs):
    """Other people's readings of Figures 17 to 19, from the same blocks."""
    width = 1152 + 384 + middle[0] + middle[2]
    with torch.device("meta"):
        model = InceptionResNet(
            StemV4(3, "paper"),
            (InceptionResNetA(384, 48, 64, 0.17) for _ in range(count[0])),
            ReductionA(384, 256, 256, 384, 384),
            (InceptionResNetB(1152, 160, 192, 0.1) for _ in range(count[1])),
            ReductionB(1152, *middle),
            (InceptionResNetC(width, 224, 256, 0.2) for _ in range(count[2])),
            nn.Linear(width, 1000),
            dropout=0.2,
        )
    graph = trace(model, torch.empty(1, 3, 299, 299, device="meta"))
    assert (sum(p.numel for p in graph.params if not p.buffer), graph.cost.macs) == (params, macs)


@pytest.mark.parametrize(
    ("name", "input", "macs"),
    [
        ("inception_resnet_v1_facenet", (3, 299, 299), 6_307_723_360),
        ("alexnet", (3, 227, 227), 724_406_816),  # Caffe's crop: the padding on the right and below is not reached
        ("resnet50_v1_5", (3, 448, 448), 4 * (4_089_184_256 - 2048 * 1000) + 2048 * 1000),
    ],
)
def test_macs_at_another_input(name, input, macs):
    assert graph_of(name, input=input).cost.macs == macs


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("googlenet_torchvision", 1_498_376_192 + 4_169_728 + 4_202_496),  # torchvision in train mode
        ("inception_v3", 5_713_216_096 + 5_683_200),  # timm runs the head in eval mode too
    ],
)
def test_auxiliary_heads_cost_in_training_mode_only(name, macs):
    assert graph_of(name, mode="train", batch=2, aux_heads=True).cost.macs == 2 * macs


def test_auxiliary_heads_are_unused_in_eval_mode():
    unused = graph_of("googlenet", aux_heads=True).unused_params
    assert {param.name.split(".")[0] for param in unused} == {"aux1", "aux2"}
    # 3,188,840 on 4a (512 channels), 3,190,888 on 4d (528)
    head = 128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000
    assert sum(param.numel for param in unused) == (512 * 128 + head) + (528 * 128 + head)


def test_other_classes_and_channels():
    graph = graph_of("inception_v4", num_classes=10, in_channels=1, input=(1, 299, 299))
    params = sum(p.numel for p in graph.params if not p.buffer)
    assert params == 42_679_816 - 990 * (1536 + 1) - 2 * 32 * 3 * 3
    assert graph.tensors[graph.outputs[0]].shape == (1, 10)
