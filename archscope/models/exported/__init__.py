"""Exported programs -> Graph: what the files of torch.export and ONNX say, in the operators that a trace would have. No torch.

Open `builder.py` first: it writes down operators one by one, as the tracer does, and costs them by the same formulas.
`scopes.py` makes calls of the module paths that a file tells, `sizes.py` numbers of its symbols. Then, for each kind of file,
`torch_file.py` (`torch_program.py` has its records, `composites.py` its operators in the dispatcher's terms) and `onnx_file.py`
(`onnx_graph.py` walks the nodes, `onnx_values.py` knows shapes and small values, `onnx_names.py` modules and parameters,
`onnx_operators/` its operators in the dispatcher's terms).
"""
