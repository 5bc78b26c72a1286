"""Exported programs -> Graph: what torch.export and ONNX files say of operators, in the operators that a trace would have. No torch.

Open `builder.py` first: it writes down operators one by one, as the tracer does, and costs them by the same formulas.
`scopes.py` makes calls of the module paths that a file tells, `sizes.py` numbers of its symbols. Then one folder or file per kind:
`torch_program.py` reads the program that torch.export saves, `composites.py` says what its composite operators are in the
dispatcher's terms; `onnx/` does both for ONNX.
"""
