"""The registry and its answer to a name that does not exist."""

import pytest

from archscope.errors import ArchscopeError, UsageError
from archscope.registry import Registry, nearest, unknown

NAMES = [
    "inception_v3",
    "inception_v4",
    "bn_inception",
    "resnet50",
    "wide_resnet50_2",
    "resnet101",
    "vgg16",
    "lenet5",
    "alexnet",
    "googlenet",
]


def test_names_are_found_in_order_of_registration():
    registry: Registry[int] = Registry("number")
    registry.register("one", "uno")(1)
    assert registry.add("two", 2) == 2
    assert list(registry) == ["one", "uno", "two"]
    assert (registry.find("uno"), registry["two"], len(registry), "three" in registry) == (1, 2, 3, False)


def test_a_second_registration_is_refused():
    registry: Registry[int] = Registry("number")
    registry.add("one", 1)
    with pytest.raises(ValueError, match="number 'one' is registered already: 1"):
        registry.register("one")(2)


def test_the_nearest_name_comes_first():
    assert nearest("inceptoin_v4", NAMES)[0] == "inception_v4"
    assert nearest("resnet5", NAMES)[0] == "resnet50"
    assert nearest("RESNET", NAMES)[:2] == ["resnet50", "resnet101"]
    assert nearest("", NAMES) == []
    assert len(nearest("inception", NAMES, count=2)) == 2


def test_an_unknown_name_has_three_suggestions():
    error = unknown("model", "inceptoin_v4", NAMES)
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert error.message == "unknown model 'inceptoin_v4'"
    assert error.hint == "did you mean inception_v4, inception_v3 or bn_inception?"


def test_few_choices_are_all_named():
    assert unknown("mode", "test", ["train", "eval"]).hint == "choose from eval, train"
    assert unknown("mode", "zzz", NAMES).hint.startswith("choose from alexnet, bn_inception")
    assert unknown("mode", "zzz", [f"name{at}" for at in range(40)]).hint == ""


def test_an_error_reads_with_its_hint():
    assert str(ArchscopeError("it is so", "do that")) == "it is so (do that)"
    assert str(ArchscopeError("it is so")) == "it is so"
