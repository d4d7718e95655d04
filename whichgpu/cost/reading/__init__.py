"""What is read off an estimate: metrics in the units in which people state them."""
