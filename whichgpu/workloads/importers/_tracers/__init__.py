"""What runs in the confined process: a user's module or graph becomes operators.

Loaded there by its place, under a name of its own, with nothing else of whichgpu: hence the relative
imports.
"""
