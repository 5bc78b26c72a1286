"""Imported once by the process from which the workers are forked: torch and what reads models. Its pages are shared."""

import gc

import torch

import archscope.models.loading
import archscope.sweep.worker  # noqa: F401

torch.set_num_threads(1)
gc.collect()
gc.freeze()  # what is here stays: a collection in a worker would write on every shared page
