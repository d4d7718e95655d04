"""Steps as CUDA graphs: every launch of a step recorded once, then replayed as one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Step = Callable[[], Any]

#: Calls on a side stream before the capture, as PyTorch's documentation asks for.
_BEFORE = 3


class Replay:
    """A captured step to call.

    A graph knows addresses, and keeps nothing alive: what its kernels read (weights, inputs, the optimizer's
    state) is held here, or their memory would go back to the driver while replays still read it.
    """

    def __init__(self, graph: Any, *held: Any) -> None:
        self._graph, self.held = graph, held

    def __call__(self) -> None:
        """Run it once."""
        self._graph.replay()


def graphed(cuda: Any, step: Step, prepare: Step = lambda: None) -> Step:
    """Warm up on a side stream, `prepare`, capture `step`; gives the replay."""
    side = cuda.Stream()
    side.wait_stream(cuda.current_stream())
    with cuda.stream(side):
        for _ in range(_BEFORE):
            step()
    cuda.current_stream().wait_stream(side)
    prepare()
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        step()
    return Replay(graph, step)


def repeated(cuda: Any, step: Step, count: int) -> Step:
    """So many steps as one replay."""

    def many() -> None:
        for _ in range(count):
            step()

    return graphed(cuda, many)


def training(cuda: Any, gradients: Step, update: Step, optimizer: Any, *, whole: bool) -> Step:
    """A training step of which all, or all but the update, is captured.

    Gradients are None when the capture begins, so that every replay writes them anew. A loss scale is read by
    the host, so that its update stays outside (`whole` off).
    """

    def clear() -> None:
        optimizer.zero_grad(set_to_none=True)

    def both() -> None:
        gradients()
        update()

    def warm() -> None:
        clear()
        both()

    side = cuda.Stream()
    side.wait_stream(cuda.current_stream())
    with cuda.stream(side):
        for _ in range(_BEFORE):
            warm()
    cuda.current_stream().wait_stream(side)
    clear()
    graph = cuda.CUDAGraph()
    with cuda.graph(graph):
        (both if whole else gradients)()
    replay = Replay(graph, gradients, update)
    if whole:
        return replay

    def step() -> None:
        replay()
        update()

    return step
