"""Several GPUs: meshes, links, collectives, and what a split takes."""
