"""Graph -> simpler Graph, or the parts that a table or picture shows. No torch, no formatting.

`outline.py` is the tree of modules, `layers.py` the layers in execution order (`runs_again.py` finds where they go round in a
loop), `stages.py` the blocks by resolution. For pictures, `recognition/` and `composites.py` find what several operators are
together (attention, a gated MLP), `fusion.py` draws operators together, `module_groups.py` and `repeats.py` fold what is equal,
`overview.py` fits one page.
"""
