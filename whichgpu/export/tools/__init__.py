"""One file for each tool that can run a deployment."""
