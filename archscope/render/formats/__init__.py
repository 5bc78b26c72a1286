"""The formats of a table: one file each, found by its being here."""

from archscope.registry import import_all

import_all(__name__, __path__)
