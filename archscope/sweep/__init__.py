"""Thousands of networks in one go. In: words, grids and generators; out: a table with a typed row for each, in one file."""
