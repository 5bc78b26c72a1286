"""Tables: Graph -> Report. Which rows and columns answer a question; no formatting, no torch."""
