"""The measuring process: one task in, one answer out; only here are PyTorch and TensorFlow imported.

`python -m whichgpu.bench.worker REQUEST.json ANSWER.json`; under `torchrun` every rank runs it and the first
one answers. Nothing that happens here, a hang, a crash, no memory left, reaches the program itself.
"""
