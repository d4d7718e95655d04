"""Time, memory and energy of a job on a system."""
