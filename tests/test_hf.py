"""Networks of transformers and diffusers by their configurations: against the libraries' own counts and against arithmetic."""

import json
from importlib.metadata import version

import pytest

from archscope import metrics
from archscope.cli.app import run
from archscope.graph.input_spec import parse_input
from archscope.models.loading import load


def encoder_macs(tokens: int, width: int, hidden: int, layers: int) -> int:
    """Queries, keys, values and output; scores and weighted sum; two linear layers."""
    return layers * (4 * tokens * width * width + 2 * tokens * tokens * width + 2 * tokens * width * hidden)


def test_bert_costs_what_its_paper_s_sizes_say():
    model = load("hf:bert")
    graph = model.trace()
    assert metrics.params(graph) == model.module.num_parameters() == 109_482_240
    pooler = 768 * 768
    assert graph.cost.macs == encoder_macs(128, 768, 3072, 12) + pooler
    assert not graph.uncounted
    first, *masks = map(str, model.shapes)  # some releases look at the values of a mask, and one of ones is told
    assert first == "input_ids:int64:128"
    assert set(masks) <= {"attention_mask=1:128"}


def test_another_class_and_entries_of_the_configuration():
    graph = load("hf:gpt2:GPT2LMHeadModel", n_layer=2).trace()
    assert graph.cost.macs == encoder_macs(128, 768, 3072, 2) + 128 * 768 * 50257
    assert graph.meta.variant == "transformers' GPT2LMHeadModel, default configuration; with n_layer=2"


@pytest.mark.parametrize(("name", "options", "inputs"), [
    ("hf:t5", {"num_layers": 1}, ["input_ids:int64:128", "decoder_input_ids:int64:128"]),
    ("hf:vit", {"num_hidden_layers": 1}, ["pixel_values:3x224x224"]),
    ("hf:clip", {}, ["input_ids:int64:77", "pixel_values:3x224x224"]),
    ("hf:whisper", {"encoder_layers": 1, "decoder_layers": 1}, ["input_features:80x3000", "decoder_input_ids:int64:128"]),
])  # fmt: skip
def test_each_gets_the_inputs_that_its_configuration_tells(name, options, inputs):
    model = load(name, **options)
    assert [str(spec) for spec in model.shapes] == inputs
    assert model.trace().cost.macs


@pytest.mark.skipif(int(version("transformers").partition(".")[0]) < 5, reason="named otherwise")
@pytest.mark.parametrize(("name", "options", "inputs"), [
    ("glm4v_vision", {"depth": 1}, ["hidden_states:256x1176", "grid_thw=1,16,16"]),
    ("siglip2_vision_model", {"num_hidden_layers": 1}, ["pixel_values:256x768", "pixel_attention_mask=1:256", "spatial_shapes=16,16"]),
    ("kimi_k25_vision", {"num_hidden_layers": 1}, ["pixel_values:packed:256x3x14x14", "grid_thw=1,16,16"]),
    ("gemma4_vision", {"num_hidden_layers": 1}, ["pixel_values:225x768", "pixel_position_ids=grid:15x15"]),
    ("lxmert", {"l_layers": 1, "x_layers": 1, "r_layers": 1}, ["input_ids:int64:128", "visual_feats:16x2048", "visual_pos:16x4"]),
    ("tvp", {}, ["input_ids:int64:128", "pixel_values:3x448x448"]),
    ("mimi", {"num_hidden_layers": 1}, ["input_values:1x16000"]),
])  # fmt: skip
def test_grids_documentation_and_errors_tell_what_a_network_takes(name, options, inputs):
    model = load(f"hf:{name}", **options)
    assert sorted(map(str, model.specs)) == sorted(inputs)
    graph = model.trace()
    assert graph.meta.device == "meta"
    assert graph.cost.macs > 0


@pytest.mark.skipif(int(version("transformers").partition(".")[0]) < 5, reason="named otherwise")
def test_a_larger_grid_is_told():
    said = ["pixel_values:1024x768", "pixel_attention_mask=1:1024", "spatial_shapes=32,32"]
    for inputs, patches in ((None, 256), ([parse_input(text) for text in said], 1024)):
        graph = load("hf:siglip2_vision_model", num_hidden_layers=1, input=inputs).trace()
        assert graph.within("encoder").cost.macs == encoder_macs(patches, 768, 3072, 1)
        assert graph.meta.told[2] == f"spatial_shapes={patches**0.5:g},{patches**0.5:g}"


@pytest.mark.skipif(int(version("transformers").partition(".")[0]) < 5, reason="it loops over the experts that the values choose")
def test_every_token_of_a_mixture_goes_through_as_many_experts_as_it_is_sent_to():
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 1, "num_local_experts": 4, "num_experts_per_tok": 2}
    graph = load("hf:mixtral", **sizes, num_attention_heads=4, num_key_value_heads=4, vocab_size=50).trace()
    heads = 4 * 128 * 64 * 64 + 2 * 128 * 128 * 64
    router, experts = 128 * 64 * 4, 2 * 128 * 3 * 64 * 96
    # some releases make the angles of the rotary embedding by a matrix product
    angles = sum(node.cost.macs for node in graph.nodes if "rotary" in graph.calls[node.call].path)
    assert graph.cost.macs - angles == heads + router + experts
    assert graph.meta.device == "meta"


def test_a_model_class_of_diffusers():
    model = load("hf:UNet2DConditionModel", block_out_channels=(32, 64), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                 up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=32, sample_size=16)  # fmt: skip
    assert [str(spec) for spec in model.shapes] == ["sample:4x16x16", "timestep:int64:scalar", "encoder_hidden_states:77x32"]
    graph = model.trace()
    assert metrics.params(graph) == sum(p.numel() for p in model.module.parameters())
    assert not graph.uncounted


def test_a_configuration_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    config = {"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "vocab_size": 100,
              "num_attention_heads": 4, "num_key_value_heads": 4, "architectures": ["LlamaForCausalLM"]}  # fmt: skip
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text(json.dumps(config))
    assert run(["flops", "hf:tiny/config.json", "-f", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    macs = 2 * (4 * 128 * 64 * 64 + 2 * 128 * 128 * 64 + 3 * 128 * 64 * 128) + 128 * 64 * 100
    assert told["model"] == "tiny"
    # torch's rotary positions are a product of 8 frequencies and 128 places
    assert told["totals"]["macs"] - macs in (0, 128 * 8)


@pytest.mark.parametrize(("words", "error"), [
    (["hf:berd"], "unknown model type of transformers 'berd'"),
    (["hf:bert:BertForMaskedLN"], "unknown model class of transformers 'BertForMaskedLN'"),
    (["hf:UNet2DConditionMod"], "unknown model class of diffusers 'UNet2DConditionMod'"),
    (["hf:bert", "--set", "num_hidden_layer=2"], "unknown entry of bert's configuration 'num_hidden_layer'"),
    (["hf:nosuch.json"], "cannot read nosuch.json"),
    (["hf:broken.json"], "broken.json is not a configuration"),
    (["hf:list.json"], "list.json is not a configuration: it has no model_type"),
    (["hf:code.json"], "unknown model type of transformers 'mine'"),
])  # fmt: skip
def test_what_is_no_network_of_theirs(tmp_path, monkeypatch, capsys, words, error):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text('{"model_type": ')
    (tmp_path / "list.json").write_text("[1, 2]")
    # a configuration that names code of its own: nothing of it is run
    (tmp_path / "code.json").write_text('{"model_type": "mine", "auto_map": {"AutoModel": "modeling.Mine"}}')
    (tmp_path / "modeling.py").write_text("raise SystemExit('ran')")
    assert run(["params", *words]) in (1, 2)
    assert capsys.readouterr().err.startswith(f"error: {error}")
