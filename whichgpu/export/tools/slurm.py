"""Slurm: a batch script whose array has a job for each node, or for each replica that spans nodes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whichgpu.export import names
from whichgpu.export.launch import Place, started
from whichgpu.export.model import of_tags, read_tags, tag_line, tags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whichgpu.export.model import Back
    from whichgpu.planner.deployment import Deployment

_FIRST = 'HEAD_ADDRESS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n1)'
_SPREAD = "srun bash <<'EVERY_NODE'"
TITLE, SUFFIX, TOGETHER = "Slurm batch script", ".sbatch", False


def write(deployments: Sequence[Deployment]) -> str:
    """The script of the one deployment."""
    (one,) = deployments
    span = one.nodes_per_replica
    place = Place(one.replicas_per_node, span, "$SLURM_NODEID", "$HEAD_ADDRESS", "$SLURM_ARRAY_TASK_ID")
    start = started(one, place)
    jobs = -(-one.nodes // span)
    comment = re.sub(r"[^\w.=,+-]", "_", ",".join(f"{key}={value}" for key, value in tags(one).items()))
    lines = [
        "#!/bin/bash",
        f"# {one}",
        tag_line(one),
        "# The type of the GPU is the cluster's own word for it: see `sinfo -o %G`.",
        f"#SBATCH --job-name={one.name}",
        f"#SBATCH --array=0-{jobs - 1}",
        f"#SBATCH --nodes={span}",
        "#SBATCH --ntasks-per-node=1",
        f"#SBATCH --gres=gpu:{names.gpu(one, 'slurm')}:{one.gpus_per_node}",
        f"#SBATCH --output={one.name}-%A_%a.log",
        f"#SBATCH --comment={comment}",
        "set -euo pipefail",
    ]
    if span > 1:
        lines += [
            _FIRST,
            "export HEAD_ADDRESS",
            _SPREAD,
            start.text.rstrip(),
            "EVERY_NODE",
        ]
    else:
        lines += [start.text.rstrip()]
    return "\n".join(lines) + "\n"


def read(text: str) -> tuple[Back, ...]:
    """What the directives say, and the tags of the rest."""
    known = read_tags(text)[0]
    said = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)", text, re.MULTILINE))
    _, spelling, count = said["gres"].split(":")
    jobs = int(said["array"].partition("-")[2]) + 1
    return (
        of_tags(
            known, name=said["job-name"], gpu=names.gpu_of("slurm", spelling, known["gpu"]),
            gpus_per_node=int(count), nodes=jobs * int(said["nodes"]),
        ),
    )  # fmt: skip
