"""A provider for Terraform that knows the attributes in `tools/terraform.toml` and does nothing.

`terraform validate` asks a provider for its schema and then judges the file itself: names, types, required
attributes, references. The clouds' own providers are 100 to 675 MB each; this one answers in their place, in
the test's process, over version 5 of the plug-ins' protocol: Terraform connects to what
`TF_REATTACH_PROVIDERS` names. Messages are few and flat, and so are written here field by field instead of
through generated classes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TERRAFORM = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
KNOWN = tomllib.loads((Path(__file__).parent / "tools" / "terraform.toml").read_text())
_TYPES = {
    "text": "string", "whole": "number", "number": "number", "yes": "bool",
    "map": ["map", "string"], "list": ["list", "string"],
}  # fmt: skip
_LIST = 2  # NestedBlock.NestingMode.LIST: a block may be written once or several times


def _number(value: int) -> bytes:
    """A whole number as protobuf writes it: seven bits a byte, the lowest first."""
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _number(rest) if rest else bytes([low])


def _field(tag: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return _number(tag << 3) + _number(value)
    data = value.encode() if isinstance(value, str) else value
    return _number(tag << 3 | 2) + _number(len(data)) + data


def _attribute(name: str, kind: str) -> bytes:
    needed = kind.endswith("!")
    made = _field(1, name) + _field(2, json.dumps(_TYPES[kind.rstrip("!")]))
    return made + (_field(4, 1) if needed else _field(5, 1) + _field(6, 1))


def _block(known: Mapping[str, Any]) -> bytes:
    made = b""
    for name, kind in known.items():
        if isinstance(kind, str):
            made += _field(2, _attribute(name, kind))
        else:
            made += _field(3, _field(1, name) + _field(2, _block(kind)) + _field(3, _LIST))
    return made


def _schema(known: Mapping[str, Any]) -> bytes:
    return _field(2, _block(known))


def _schemas(cloud: str) -> bytes:
    """GetProviderSchema's answer: resources (2) and data sources (3) of one cloud, each by its name."""
    made = _field(1, _schema(KNOWN["provider"][cloud]))
    for tag, section in ((2, "resource"), (3, "data")):
        for name, known in KNOWN[section].items():
            if name.startswith(cloud if cloud != "google" else "google_"):
                made += _field(tag, _field(1, name) + _field(2, _schema({"id": "text", **known})))
    return made


class _Provider(grpc.GenericRpcHandler):
    def __init__(self, cloud: str) -> None:
        answers: dict[str, Callable[[bytes, object], bytes]] = {
            "GetSchema": lambda _asked, _context: _schemas(cloud),
            # What is asked and what is answered are one message: the configuration, unchanged.
            "PrepareProviderConfig": lambda asked, _context: asked,
            "ValidateResourceTypeConfig": lambda _asked, _context: b"",
            "ValidateDataSourceConfig": lambda _asked, _context: b"",
            "Stop": lambda _asked, _context: b"",
        }
        self._methods = {f"/tfplugin5.Provider/{name}": answer for name, answer in answers.items()}

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        answer = self._methods.get(handler_call_details.method)
        return grpc.unary_unary_rpc_method_handler(answer) if answer else None


@contextmanager
def providers(*clouds: str) -> Iterator[dict[str, str]]:
    """The environment in which Terraform finds a provider of each cloud here."""
    servers, found = [], {}
    for cloud in clouds:
        server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[_Provider(cloud)])
        address = {"Network": "tcp", "String": f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"}
        server.start()
        servers.append(server)
        found[f"hashicorp/{cloud}"] = {
            "Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True, "Addr": address,
        }  # fmt: skip
    try:
        yield {"TF_REATTACH_PROVIDERS": json.dumps(found)}
    finally:
        for server in servers:
            server.stop(None)


def terraform(folder: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """What a command of Terraform says in a folder."""
    found = {"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKPOINT_DISABLE": "1", **env}
    return subprocess.run(
        ["terraform", *arguments], cwd=folder, env=found, capture_output=True, text=True, check=False
    )


def complaints(fleet: str, folder: Path, **env: str) -> str:
    """What `terraform validate` has against a file; nothing where it takes it."""
    (folder / "fleet.tf.json").write_text(fleet)
    judged = json.loads(terraform(folder, "validate", "-json", **env).stdout)
    return "".join(one["detail"] or one["summary"] for one in judged["diagnostics"])
