"""Published figures of the networks, with their sources: one file per family, beside the family's code. No torch."""
