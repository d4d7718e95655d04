"""Of what a stated value is, of which device, and whether it is that device's."""
