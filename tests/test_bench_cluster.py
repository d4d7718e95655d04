"""Bench on a cluster: tasks of each node, a lost one, what is done already."""

from __future__ import annotations

import socket

import pytest

from whichgpu.bench import cluster
from whichgpu.bench.record import digest
from whichgpu.errors import UsageError


def node(key, name, alive=True, **resources):
    return {"NodeID": key, "Alive": alive, "NodeManagerHostname": name, "Resources": resources}


A100, T4 = {"CPU": 8, "GPU": 2, "accelerator_type:A100": 1}, {"CPU": 8, "GPU": 1, "accelerator_type:T4": 1}


RAW = [
    node("a", "big", **A100), node("b", "big", **A100), node("c", "small", **T4),
    node("d", "gone", alive=False, CPU=8), node("e", "head"),
]  # fmt: skip


def test_each_node_has_tasks_of_its_own_and_a_lost_one_is_tried_elsewhere():
    there = cluster.nodes(RAW)
    assert [(one.name, one.kind, one.gpus) for one in there] == [
        ("big", "A100", 2),
        ("big#2", "A100", 2),
        ("small", "T4", 1),
    ]
    todo = [{"kind": "micro", "name": name} for name in ("x", "y")]
    queue = cluster.Queue(todo, there, frozenset())
    first = dict(queue.next(["a", "b", "c"]))
    assert {node.id: task["where"] for node, task in first.items()} == {
        "a": "big/A100", "b": "big#2/A100", "c": "small/T4",
    }  # fmt: skip
    # One that is lost leaves its tasks to its like; where there is none they are given up.
    big, small = there[0], there[2]
    assert queue.failed(big, first[big], dead=True) == []
    assert queue.alive == ["b", "c"]
    assert queue.left == 4
    given_up = queue.failed(small, first[small], dead=True)
    assert [task["name"] for task, _ in given_up] == ["x", "y"]
    assert "node small was lost, and no other node has T4" in given_up[0][1]
    # A process that dies again and again is not tried for ever.
    other, task = there[1], {"kind": "micro", "name": "z"}
    assert queue.failed(other, task, dead=False) == []
    assert queue.failed(other, task, dead=False) == []
    ((_, why),) = queue.failed(other, task, dead=False)
    assert why == "its process on node big#2 was lost; tried 3 times"


def test_what_a_cluster_has_done_is_not_done_again():
    there = cluster.nodes(RAW)[:1]
    task = {"kind": "micro", "name": "x"}
    queue = cluster.Queue([task], there, frozenset((digest(cluster.placed(task, there[0])),)))
    assert queue.left == 0


def test_a_cluster_that_does_not_answer_is_said_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}", "auto", "here"):
            cluster.reach(address)
    for address in (f"127.0.0.1:{port}", "ray://no-such-host.invalid:10001", "127.0.0.1:99999"):
        with pytest.raises(UsageError, match="no Ray cluster answers at"):
            cluster.reach(address)
