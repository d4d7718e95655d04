"""What is wrong with what the user gave."""


class Unusable(Exception):
    """A fault in what the user gave, in words."""

    plain = True
