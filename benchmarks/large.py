"""Large networks: 12,500 and 100,000 operators, and a configuration of 70 billion parameters: CPU and memory, as ratios.

Linear is a ratio of 8 for the operators; memory and time of the 70 billion are set against importing what builds them.
"""

import json
import sys
import tempfile
from pathlib import Path

from benchmarks._process import Usage, run

SIZES = (2500, 20_000)  # blocks of five operators
TRACE = """
import torch
from benchmarks.tracing import Chain
from archscope.tracing.forward_pass import trace
from pathlib import Path
with torch.device("meta"):
    chain = Chain({blocks})
Path({where!r}).write_bytes(trace(chain, torch.Size((1, 4, 8, 8))).to_json())
"""
LLAMA_70B = {
    "model_type": "llama", "hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 80, "num_attention_heads": 64,
    "num_key_value_heads": 8, "vocab_size": 128256, "architectures": ["LlamaForCausalLM"],
}  # fmt: skip
OFF = {"ARCHSCOPE_STORE": "off", "OMP_NUM_THREADS": "1"}


def main() -> None:
    python = (sys.executable, "-c")
    with tempfile.TemporaryDirectory() as folder:
        print(f"{'':12s}" + "".join(f"{5 * blocks:>12,d} CPU s {'MiB':>8s}" for blocks in SIZES) + f"{'ratio of CPU':>16s}")
        files = {blocks: f"{folder}/chain{blocks}.json" for blocks in SIZES}
        show("trace", [run(*python, TRACE.format(blocks=blocks, where=where), **OFF) for blocks, where in files.items()])
        for words in (["shapes"], ["tree"], ["flops"], ["diagram", "--out", f"{folder}/chain.svg"]):
            command, *options = words
            show(command, [run(sys.executable, "-m", "archscope", command, where, *options, **OFF) for where in files.values()])
        print()
        config = Path(folder) / "llama-70b" / "config.json"
        config.parent.mkdir()
        config.write_text(json.dumps(LLAMA_70B))
        base = run(*python, "import torch; from transformers import LlamaForCausalLM", **OFF)
        ours = run(sys.executable, "-m", "archscope", "flops", f"hf:{config}", **OFF)
        print(
            f"70 billion parameters: {ours.cpu:.1f} CPU s and {ours.peak_bytes / 2**20:,.0f} MiB, {ours.cpu / base.cpu:.2f} x the time and "
            f"{ours.peak_bytes / base.peak_bytes:.2f} x the memory of importing torch and the model's class"
        )


def show(what: str, usages: list[Usage]) -> None:
    cells = "".join(f"{usage.cpu:18.1f} {usage.peak_bytes / 2**20:8,.0f}" for usage in usages)
    print(f"{what:12s}{cells}{usages[1].cpu / usages[0].cpu:16.1f}", flush=True)


if __name__ == "__main__":
    main()
