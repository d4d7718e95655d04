"""Models as PyTorch modules, one file a family of `whichgpu/workloads/families/`, found by its name.

They are written from the same dimensions as the zoo's traces, and `agreement` holds them to the trace: a
model whose parameters or FLOPs differ is not measured. Only the measuring process imports these files.

A family's file has:

* `READS`, the dimensions that it knows; a workload that states another one is refused;
* `build(dims, phase)`, the module, with random weights;
* `batch(dims, size, make)`, the inputs of one pass and the target of training (None otherwise);
* `loss(output, target)` of training;
* optionally `run(module, dims, size, inputs)`, one pass of a phase that is more than calling the module.
* optionally `IN_PARTS`, where such a pass calls parts of the module and not the module itself.
"""
