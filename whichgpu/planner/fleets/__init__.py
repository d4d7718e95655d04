"""Fleets of replicas that hold a load of requests within objectives (`recommend --slo`).

`asked` is the load as stated, `ways` the splits of a model over GPUs, `search` the cheapest fleet of each
GPU type as arrays, `ranking` the answer, `why` its reasons, `answer` its values.
"""
