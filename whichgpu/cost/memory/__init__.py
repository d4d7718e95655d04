"""Memory of a job by part, in inference and training."""
