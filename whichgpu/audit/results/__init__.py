"""Results of a passage: what its amounts make, and which of them is one digit from that."""
