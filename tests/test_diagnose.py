"""Why a forward failed, in the words of the person who chose the input; and the words of `look`."""

import pytest
from torch import nn

from archscope.errors import ArchscopeError, UsageError
from archscope.graph.input_spec import InputSpec
from archscope.models.failed_forward import explained, smallest_size
from archscope.models.loading import Model, load
from archscope.models.look_up import look
from archscope.tracing.one_forward import TraceError


def failure(name: str, *shapes: tuple[int, ...]) -> TraceError:
    with pytest.raises(TraceError) as caught:
        look(name, input=shapes)
    return caught.value


@pytest.mark.parametrize("name", ["inception_v4", "inception_v3", "torchvision:alexnet", "lenet5_dense"])
def test_the_smallest_size_works_and_one_less_does_not(name):
    error = failure(name, (load(name).shapes[0][0], 3, 3))
    side = int(error.hint.rpartition("x")[2])
    channels = load(name).shapes[0][0]
    assert error.hint == f"too small: the smallest square input that works is --input {channels}x{side}x{side}"
    assert look(name, input=[(channels, side, side)]).cost.macs
    failure(name, (channels, side - 1, side - 1))


def test_it_names_the_layer_and_what_came_in():
    error = failure("inception_v4", (3, 20, 20))
    assert error.failure.type == "Conv2d"
    assert error.failure.inputs == ((1, 192, 1, 1),)
    assert error.message.startswith(f"inception_v4 failed in {error.failure.path} (Conv2d), given 1x192x1x1: ")
    assert error.graph.cost.macs > 0


def test_wrong_channels():
    assert failure("inception_v4", (1, 299, 299)).hint == "it takes 3 channels, given 1; try --input 3x299x299"


def test_wrong_rank():
    error = failure("inception_v4", (299, 299))
    assert error.hint == "it takes 3 sizes without the batch, as in --input 3x299x299; 299x299 has 2"


def test_wrong_number_of_inputs():
    assert failure("inception_v4", (3, 299, 299), (3, 299, 299)).hint == "its inputs are 3x299x299"


def test_a_size_that_the_network_does_not_take_though_it_is_large():
    assert failure("torchvision:vit_b_16", (3, 500, 500)).hint == "made for --input 3x224x224"


@pytest.mark.parametrize("dtype", ["int64", "int8"])
def test_whole_numbers_where_it_takes_none_are_no_matter_of_size(dtype):
    hint = f"it takes numbers of the dtype of its weights, not {dtype}: --input 3x32x32"
    assert failure("resnet18", InputSpec((3, 32, 32), dtype)).hint == hint


def test_an_error_of_the_network_itself_keeps_the_general_hint():
    model = Model("net", nn.Sequential(nn.Linear(4, 5), nn.Linear(6, 7)), ((4,),), usual=((4,),))
    with pytest.raises(TraceError) as caught:
        model.trace()
    assert explained(model, caught.value).hint == "check the input size (--input), or the module's forward"


def test_a_network_that_fails_at_every_size_has_no_smallest():
    model = Model("net", nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(5, 4, 3)), ((3, 4, 4),), usual=((3, 16, 16),))
    assert smallest_size(model) is None


# -- look ---------------------------------------------------------------------------------------------------------------------


def test_look_reads_a_saved_graph(tiny, tmp_path):
    path = tmp_path / "tiny.json"
    path.write_bytes(tiny.to_json())
    assert look(str(path)) == tiny


@pytest.mark.parametrize("change", [{"input": [(3, 8, 8)]}, {"batch": 2}, {"dtype": "float64"}, {"options": {"a": 1}}])
def test_a_saved_graph_is_what_it_is(tiny, tmp_path, change):
    path = tmp_path / "tiny.json"
    path.write_bytes(tiny.to_json())
    with pytest.raises(UsageError, match="holds a network as it is: its input, batch, dtype and arguments are fixed"):
        look(str(path), **change)


def test_a_saved_graph_is_taken_in_its_own_mode(tmp_path):
    for mode in ("eval", "train"):
        (tmp_path / f"{mode}.json").write_bytes(load("lenet5_dense").trace(mode=mode).to_json())
    assert look(str(tmp_path / "train.json"), mode="train") == look(str(tmp_path / "train.json"))
    with pytest.raises(UsageError, match="holds a forward in eval mode, which is fixed; this is about train mode") as error:
        look(str(tmp_path / "eval.json"), mode="train")
    assert "archscope trace MODEL --mode train" in error.value.hint
    with pytest.raises(UsageError, match="unknown mode 'foo'"):
        look(str(tmp_path / "eval.json"), mode="foo")


def test_a_saved_graph_that_is_not_there(tmp_path):
    for path in (tmp_path / "no.json", tmp_path):
        with pytest.raises(ArchscopeError):
            look(str(path) if path.suffix else f"{path}/x.json")


def test_look_and_load_agree():
    assert look("lenet5_dense", batch=3, dtype="float64") == load("lenet5_dense").trace(batch=3, dtype="float64")
    assert look("lenet5_dense", options={"num_classes": 20}) == load("lenet5_dense", num_classes=20).trace()
    assert look("lenet5_dense", mode="train").meta.mode == "train"


def test_a_batch_norm_with_one_value_for_each_channel_says_how_many_examples_it_takes():
    """FaceNet ends in one over vectors: at batch 1 it has no statistics to learn from."""
    model = load("inception_resnet_v1_facenet")
    with pytest.raises(TraceError) as raised:
        model.trace(mode="train")
    assert explained(model, raised.value).hint.endswith("needs more than one value for each channel: --batch 2")
    assert model.trace(batch=2, mode="train").meta.failure is None
