"""Claims in words: who is said to do what to what, each by any word of its meaning (`data/frames.toml`)."""
