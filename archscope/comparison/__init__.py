"""Networks held against each other, against limits, and against another counter. In: Graphs; out: tables and marked pictures.

side_by_side.py     many networks, a row each; its table is comparison_table.py
structural_diff.py  what differs between two: layer_tree.py is what is aligned, matching.py aligns, diff_words.py says it;
                    diff_table.py and diff_picture.py show it
budgets.py          limits for CI; budget_table.py
second_opinion.py   another counter's figure, and why it differs
"""
