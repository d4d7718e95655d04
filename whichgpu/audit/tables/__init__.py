"""Tables: what their cells state, of which device and attribute."""
