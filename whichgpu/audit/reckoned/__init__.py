"""Numbers of a text with whatever they count, and which of them the others make: any noun is a unit."""
