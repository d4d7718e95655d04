"""Check an article's claims about GPUs: document -> claims -> findings. See `docs/audit.md`."""
