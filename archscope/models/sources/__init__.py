"""Where models come from: one file per source, found by its being here. Each imports its library when a model is asked for."""

from archscope.registry import import_all

import_all(__name__, __path__)
