"""Statistics that experiments and the watch over models share."""
