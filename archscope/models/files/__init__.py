"""Files that hold a network: one file per kind, found by its being here. None of them runs code from what it reads."""

from archscope.registry import import_all

import_all(__name__, __path__)
