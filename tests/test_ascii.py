"""A terminal that has ASCII only."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("words", [["params", "lenet5"], ["tree", "lenet5"], ["compare", "lenet5", "lenet_slim"], ["list"]])
def test_our_signs_are_spelled_in_ascii(words):
    variables = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run([sys.executable, "-m", "archscope", *words], capture_output=True, env=variables, check=True).stdout
    assert shown.isascii()
    assert b"\\" not in shown
    if words[0] == "params":
        assert b" - eval mode - float32 - " in shown
