"""The parts that diffusion pipelines are put together from: text encoders, denoisers, autoencoders."""
