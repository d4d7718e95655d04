"""Tables that lost their marks, put together again from lines."""
