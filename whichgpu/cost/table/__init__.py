"""Tables of jobs: rows read, grouped into sweeps, and answered in order."""
