"""Which GPU, how many, from whom, at what price, for this workload - and how do you know?"""

__version__ = "0.1.0"
