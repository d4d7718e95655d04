"""Jobs and micro-benchmarks on a real device, as rows of the measurement schema (docs/bench.md)."""
