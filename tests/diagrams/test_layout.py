"""Series and branches: what is recognised, and where things are put."""

from hypothesis import given, settings
from hypothesis import strategies as st

from archscope.diagrams import text_width as fonts
from archscope.diagrams.layered_layout import layered
from archscope.diagrams.series_layout import Size, series_parallel

BOX = Size(24, 40)


def laid(count, edges, **bars):
    return series_parallel({n: bars.get(f"n{n}", BOX) for n in range(count)}, edges, 0, count - 1)


def test_a_chain_has_one_axis():
    found = laid(4, [(0, 1), (1, 2), (2, 3)])
    assert {across for across, _ in found.at.values()} == {0.0}
    assert [found.at[n][1] for n in range(4)] == sorted(found.at[n][1] for n in range(4))


def test_branches_stand_side_by_side_and_end_together():
    found = laid(5, [(0, 1), (0, 2), (2, 3), (1, 4), (3, 4)])
    assert found.at[1][0] < found.at[2][0] == found.at[3][0]
    assert found.at[1][1] == found.at[3][1]


def test_a_shortcut_runs_beside_the_branch_that_keeps_the_axis():
    found = laid(3, [(0, 1), (1, 2), (0, 2)])
    assert found.at[1][0] == found.at[0][0] == found.at[2][0]
    assert found.lanes[0, 2] > found.at[1][0] + BOX.side


def test_a_bar_spans_the_branches_that_end_in_it():
    found = laid(4, [(0, 1), (0, 2), (1, 3), (2, 3)], n3=Size(18, 10, bar=True))
    left, right = found.sides[3]
    assert found.at[3][0] - left <= found.at[1][0] - BOX.side
    assert found.at[3][0] + right >= found.at[2][0] + BOX.side


def test_what_is_not_made_of_series_and_branches_is_left_to_others():
    edges = [(0, 1), (0, 2), (1, 3), (2, 3), (1, 4), (3, 5), (4, 5)]
    assert laid(6, [*edges, (2, 4)]) is None
    placed = layered(dict.fromkeys(range(6), (80.0, 24.0)), [*edges, (2, 4)])
    assert set(placed.at) == set(range(6))
    assert set(placed.curves) == {*edges, (2, 4)}


def test_the_engine_draws_from_left_to_right_too():
    down, right = (layered({0: (80.0, 24.0), 1: (80.0, 24.0)}, [(0, 1)], direction) for direction in ("TB", "LR"))
    assert down.at[0][1] < down.at[1][1]
    assert right.at[0][0] < right.at[1][0]


SERIES_PARALLEL = st.recursive(
    st.just("box"), lambda inner: st.tuples(st.sampled_from("sp"), st.lists(inner, min_size=2, max_size=3)), max_leaves=12
)


def graph_of(tree):
    """Boxes and edges of a random graph of series and branches, between boxes 0 and the last."""
    edges, count = [], 1

    def build(part, start):
        nonlocal count
        if part == "box":
            box = count
            count += 1
            edges.append((start, box))
            return box
        kind, inner = part
        if kind == "s":
            for one in inner:
                start = build(one, start)
            return start
        ends = [build(one, start) for one in inner]
        join = count
        count += 1
        edges.extend((end, join) for end in ends)
        return join

    last = build(tree, 0)
    edges.append((last, count))
    return count + 1, edges


@settings(max_examples=60, deadline=None)
@given(SERIES_PARALLEL)
def test_every_graph_of_series_and_branches_is_placed_without_overlap(tree):
    count, edges = graph_of(tree)
    found = laid(count, edges)
    assert found is not None
    assert set(found.at) == set(range(count))
    areas = [
        (found.at[n][0] - BOX.side, found.at[n][1], found.at[n][0] + BOX.side, found.at[n][1] + BOX.length) for n in range(count)
    ]
    for n, (ax0, ay0, ax1, ay1) in enumerate(areas):
        for bx0, by0, bx1, by1 in areas[n + 1 :]:
            assert ax1 <= bx0 or bx1 <= ax0 or ay1 <= by0 or by1 <= ay0
    assert all(found.at[a][1] < found.at[b][1] for a, b in edges)
    assert min(area[0] for area in areas) >= -found.left
    assert max(area[2] for area in areas) <= found.right


def test_widths_are_those_of_helvetica():
    assert fonts.width("Inception", 1000) == 278 + 556 + 500 + 556 + 556 + 278 + 222 + 556 + 556
    assert fonts.width("M", 10, bold=True) == 8.33


def test_a_long_text_is_cut_to_its_room():
    (cut,) = fonts.wrapped("a" * 300, 10, 100, lines=1)
    assert cut.endswith("…")
    assert fonts.width(cut, 10) <= 100
    first, second = fonts.wrapped("one two three", 10, 30, 2)
    assert (first, second[:3], second[-1]) == ("one", "two", "…")


def test_a_long_text_is_broken_between_words_and_inside_them_where_a_part_begins():
    assert fonts.folded("4 x WhisperEncoderLayer", 18, len) == ["4 x WhisperEncoder", "Layer"]
    assert fonts.folded("embedding, 51865 x 384", 16, len) == ["embedding,", "51865 x 384"]
