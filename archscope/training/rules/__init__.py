"""The rules by family. A file here is found by its being here."""

from archscope.registry import import_all

import_all(__name__, __path__)
