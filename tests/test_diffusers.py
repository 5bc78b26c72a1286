"""Networks of diffusers by name: what they take is found by trying, and what they cost is arithmetic."""

import pytest
import torch
from torch import nn

import archscope
from archscope.errors import UsageError
from archscope.graph.input_spec import InputSpec, parse_input
from archscope.models.denoising.search import inputs_of
from archscope.models.evidence import evidence
from archscope.models.loading import load
from archscope.models.nests import argument, nested

pytest.importorskip("diffusers")


def loaded(name: str, **options: object):
    try:
        return load(f"hf:{name}", **options)
    except Exception as error:  # a diffusers that does not know it yet
        if "unknown model class" in str(error):
            pytest.skip(str(error))
        raise


SMALL = {"num_attention_heads": 2, "attention_head_dim": 16}


@pytest.mark.parametrize(("name", "options", "inputs"), [
    ("LTXVideoTransformer3DModel", {"num_layers": 1},
     ["hidden_states:1280x128", "encoder_hidden_states:77x4096", "timestep:int64:scalar", "encoder_attention_mask:bool=1:77",
      "num_frames:python=5", "height:python=16", "width:python=16"]),
    ("QwenImageTransformer2DModel", {"num_layers": 1},
     ["hidden_states:256x64", "encoder_hidden_states:77x3584", "timestep:int64:scalar", "img_shapes:python=[[(1, 16, 16)]]"]),
    ("WanTransformer3DModel", {"num_layers": 1},
     ["hidden_states:16x5x32x32", "timestep:int64:scalar", "encoder_hidden_states:77x4096"]),
    ("CogVideoXTransformer3DModel", {"num_layers": 1},  # 49 frames, of which the first and every 4 others are one of latents
     ["hidden_states:13x16x60x90", "encoder_hidden_states:226x4096", "timestep:int64:scalar"]),
    ("HunyuanVideoTransformer3DModel", {"num_layers": 1, "num_single_layers": 1, "num_refiner_layers": 1},
     ["hidden_states:16x5x32x32", "timestep:int64:scalar", "encoder_hidden_states:77x4096", "encoder_attention_mask:bool=1:77",
      "pooled_projections:768", "guidance:scalar"]),
    ("FluxTransformer2DModel", {"num_layers": 1, "num_single_layers": 1, "guidance_embeds": True},
     ["hidden_states:256x64", "encoder_hidden_states:77x4096", "timestep:int64:scalar", "pooled_projections:768", "guidance:scalar",
      "img_ids:shared:256x3", "txt_ids:shared:77x3"]),
    ("SD3Transformer2DModel", {"num_layers": 1},
     ["hidden_states:16x128x128", "encoder_hidden_states:77x4096", "timestep:int64:scalar", "pooled_projections:2048"]),
    ("SanaTransformer2DModel", {"num_layers": 1},
     ["hidden_states:32x32x32", "encoder_hidden_states:77x2304", "timestep:int64:scalar"]),
    ("UNetMotionModel", {"block_out_channels": (32, 64), "down_block_types": ("CrossAttnDownBlockMotion", "DownBlockMotion"),
                         "up_block_types": ("UpBlockMotion", "CrossAttnUpBlockMotion"), "cross_attention_dim": 32},
     ["sample:4x5x32x32", "timestep:int64:scalar", "encoder_hidden_states:packed:5x77x32"]),
    ("AutoencoderKLLTXVideo", {"block_out_channels": (16, 16, 16, 16), "decoder_block_out_channels": (16, 16, 16, 16)},
     ["sample:3x17x256x256"]),
    ("AutoencoderOobleck", {"encoder_hidden_size": 8, "decoder_channels": 8, "decoder_input_channels": 4}, ["sample:2x65536"]),
])  # fmt: skip
def test_each_gets_what_its_forward_asks_for(name, options, inputs):
    model = loaded(name, **options)
    assert sorted(map(str, model.specs)) == sorted(inputs)
    graph = model.trace()
    assert graph.cost.macs > 0
    assert not graph.uncounted
    assert graph.meta.device == "meta"


def test_what_was_given_and_is_no_tensor_is_said():
    graph = loaded("LTXVideoTransformer3DModel", num_layers=1).trace()
    assert (
        graph.meta.variant == "diffusers' LTXVideoTransformer3DModel; with num_layers=1; given num_frames=5, height=16, width=16"
    )


def test_a_transformer_of_images_costs_what_its_sizes_say():
    """DiT (Peebles and Xie, 2023) with one block: patches, step and class, attention, two linear layers, their modulation."""
    graph = loaded("DiTTransformer2DModel", num_layers=1).trace()
    width, tokens, patch = 16 * 72, 16 * 16, 2 * 2 * 4  # heads, places, and numbers of a patch of 4 channels
    block = 4 * tokens * width * width + 2 * tokens * tokens * width + 2 * tokens * width * 4 * width
    step = 256 * width + width * width  # embedded for the block, and again for the output
    modulation, last = width * 6 * width, width * 2 * width
    assert graph.cost.macs == 2 * tokens * patch * width + block + 2 * step + modulation + last


class Steps(nn.Module):
    """Needs one input that has no default but None, and text of a width that nothing but its layer tells."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.text = nn.Conv2d(7, 8, 1), nn.Linear(40, 8)

    def forward(self, hidden_states, timestep, encoder_hidden_states=None, guidance=None):
        return self.image(hidden_states) + self.text(encoder_hidden_states).mean() + timestep * guidance.to(torch.float32)


def test_widths_and_missing_inputs_are_read_off_the_errors():
    with torch.device("meta"):
        found = inputs_of(Steps(), {})
    assert [str(spec) for spec in found] == [
        "hidden_states:7x64x64", "timestep:int64:scalar", "encoder_hidden_states:77x40", "guidance:scalar",
    ]  # fmt: skip


def test_an_error_names_what_its_expression_reads():
    module, inputs = Steps(), {"hidden_states": torch.zeros(1, 7, 2, 2), "timestep": torch.zeros(1)}
    with pytest.raises(TypeError) as caught:
        module(**inputs)
    told = evidence(module, inputs, caught.value)
    assert (told.lacking, told.absent) == (("encoder_hidden_states",), True)
    inputs["encoder_hidden_states"] = torch.zeros(1, 3, 30)
    with pytest.raises(RuntimeError) as caught:
        module(**inputs)
    told = evidence(module, inputs, caught.value)
    assert (told.named, told.shape, told.width) == (("encoder_hidden_states",), (1, 3, 30), (30, 40))


class Refuses(nn.Module):
    def forward(self, sample, timestep):
        raise NotImplementedError("use it inside another")


def test_what_refuses_every_input_is_given_the_likeliest():
    assert [str(spec) for spec in inputs_of(Refuses(), {})] == ["sample:3x64x64", "timestep:int64:scalar"]


class NeedsSomethingElse(nn.Module):
    def forward(self, sample, cache):
        return cache.of(sample)


def test_what_needs_something_of_which_nothing_is_known_gets_none():
    assert inputs_of(NeedsSomethingElse(), {}) == ()


@pytest.mark.parametrize("text", ["ids:shared:256x3", "cond.size:2", "pair.0.1:bool:4", "layers[3]:77x64", "each[]:int64:5"])
def test_places_and_what_is_shared_in_words(text):
    spec = parse_input(text)
    assert str(spec) == text
    assert spec.batched(2) == (tuple(spec) if spec.shared else (2, *spec))


@pytest.mark.parametrize("text", ["n:python=", "n:python=[1", "n:python=open('x')", "a..b:3", "a[:3", "a[]b:3", ".a:3"])
def test_what_is_no_value_and_no_place(text):
    with pytest.raises(UsageError):
        parse_input(text)


def test_names_say_where_in_a_nest_an_input_stands():
    specs = [
        InputSpec((2,), name=name)
        for name in ("plain", "cond.size", "cond.ratio", "pairs.0.0", "pairs.0.1", "three[3]", "each[]")
    ]
    shapes = nested(specs, lambda spec, shape: shape, 2)
    one = (2, 2)
    assert shapes == {
        "plain": one, "cond": {"size": one, "ratio": one}, "pairs": [[one, one]], "three": [one, one, one], "each": [(2,), (2,)],
    }  # fmt: skip
    assert {argument(spec.name) for spec in specs} == shapes.keys()


class Pairs(nn.Module):
    def forward(self, pairs):
        ((states, mask),) = pairs
        return states[:, : int(mask.sum())]


def test_what_is_known_inside_a_nest_is_known_and_what_is_beside_it_is_not():
    states, mask = torch.empty(1, 9, 4, device="meta"), torch.tensor([1, 1, 1, 0, 0])
    graph = archscope.trace(Pairs(), pairs=[[states, mask]], known=["pairs"])
    assert graph.shapes(graph.outputs) == ((1, 3, 4),)
    assert graph.meta.device == "meta"
    assert graph.meta.told == ("", "pairs=1")
