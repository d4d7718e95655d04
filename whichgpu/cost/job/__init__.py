"""A job: what it asks for, the software that runs it, its defaults, and how GPUs hold it."""
