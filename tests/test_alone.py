"""The check of whether a library itself runs a network: which of its answers count."""

from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(find_spec("transformers") is None, reason="needs transformers")

IDS, MORE = frozenset({"input_ids"}), frozenset({"input_ids", "pixel_values"})


@pytest.mark.parametrize(("answers", "said"), [
    ([(IDS, "TypeError: no"), (MORE, "TypeError: no")], "TypeError: no"),
    ([(IDS, "TypeError: no"), (MORE, "")], None),  # it runs with more
    ([(IDS, "TypeError: no"), (MORE, "TypeError: neither")], None),
    ([(IDS, "must be Tensor, not NoneType", "", "missing"), (MORE, "TypeError: no")], "TypeError: no"),
    ([(IDS, "must be Tensor, not NoneType", "", "missing"), (MORE, "RuntimeError: sizes")], None),
    ([(IDS, "TypeError: no"), (MORE, "must be Tensor, not NoneType", "", "missing")], None),
    ([(IDS, "ValueError: input_ids", "", "input"), (MORE, "TypeError: no")], None),
    ([(IDS, "no values", "", "device"), (MORE, "TypeError: no")], "TypeError: no"),
])  # fmt: skip
def test_only_the_same_answer_to_all_that_was_given_counts(answers, said):
    from benchmarks._alone import Answer, _same, _that_count

    assert _same(_that_count([Answer(*one) for one in answers])) == said
