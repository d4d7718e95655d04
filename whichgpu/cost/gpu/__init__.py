"""GPUs as the kernel models read them: columns of rates, memory and links."""
