"""Fits to published measurements, how far a prediction may be off, and the scoreboard."""
