"""What measurements of one's own say of other jobs and GPUs."""
