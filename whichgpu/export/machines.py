"""Machines of AWS, Google and Azure as Terraform's resources, and how to read them back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whichgpu.export.model import gigabytes
from whichgpu.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whichgpu.planner.deployment import Deployment

#: GB of a disk where the plan does not say.
_DISK = 200
_REQUIRED = {
    "aws": {"source": "hashicorp/aws", "version": ">= 5.0"},
    "google": {"source": "hashicorp/google", "version": ">= 5.0"},
    "azurerm": {"source": "hashicorp/azurerm", "version": ">= 4.0"},
}
#: `n1+4xt4 (gpu only)`: GPUs that Google prices without their host, and vCPUs of a host for each.
_APART = re.compile(r"n1\+(\d+)x(\w+) \(gpu only\)")
_VCPUS = 8


def _disk(one: Deployment) -> int:
    return max(gigabytes(one.disk), _DISK) if one.disk else _DISK


def _provider(name: str, one: Deployment) -> dict[str, Any]:
    return {"terraform": {"required_providers": {name: _REQUIRED[name]}}}


def _variable(name: str, text: str, default: str | None = None) -> dict[str, Any]:
    known = {"type": "string", "description": text}
    return {name: known if default is None else {**known, "default": default}}


def _limit(one: Deployment) -> str:
    return repr(one.usd_per_hour) if one.usd_per_hour else ""


def _host(instance: str) -> str:
    """Google's machine type; of GPUs that are priced apart that of a host which they are added to."""
    apart = _APART.fullmatch(instance)
    return f"n1-standard-{_VCPUS * int(apart[1])}" if apart else instance


def aws(one: Deployment, script: str, said: Mapping[str, str]) -> dict[str, Any]:
    """EC2 instances with Amazon's image for deep learning, whose drivers are in it."""
    machine: dict[str, Any] = {
        "provider": f"aws.{one.region}", "count": one.nodes, "instance_type": one.instance,
        "ami": f"${{data.aws_ami.{one.region}.id}}", "user_data": _literal(script),
        "root_block_device": {"volume_size": _disk(one), "volume_type": "gp3"},
        "tags": {"Name": one.name, **said},
    }  # fmt: skip
    if one.term == "spot":
        limit = {"max_price": _limit(one)} if _limit(one) else {}
        machine["instance_market_options"] = {"market_type": "spot", "spot_options": limit}
    image = {
        "provider": f"aws.{one.region}", "most_recent": True, "owners": ["amazon"],
        "filter": [{"name": "name",
                    "values": ["Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04)*"]}],
    }  # fmt: skip
    return {
        **_provider("aws", one),
        "provider": {"aws": [{"region": one.region, "alias": one.region}]},
        "data": {"aws_ami": {one.region: image}},
        "resource": {"aws_instance": {one.name: machine}},
    }


def google(one: Deployment, script: str, said: Mapping[str, str]) -> dict[str, Any]:
    """Compute Engine instances; GPUs that are added to a host of their own are stated beside it."""
    apart = _APART.fullmatch(one.instance)
    zone = f"{one.name}-zone"
    machine: dict[str, Any] = {
        "count": one.nodes, "name": f"{one.name}-${{count.index}}",
        "machine_type": _host(one.instance),
        "zone": f"${{var.{zone}}}",
        "boot_disk": {"initialize_params": {"image": "${var.google_image}", "size": _disk(one)}},
        "network_interface": {"network": "default", "access_config": {}},
        "scheduling": {"on_host_maintenance": "TERMINATE", **(
            {"provisioning_model": "SPOT", "preemptible": True, "automatic_restart": False}
            if one.term == "spot" else {})},
        "metadata_startup_script": _literal(script), "metadata": dict(said),
    }  # fmt: skip
    if apart:
        machine["guest_accelerator"] = {"type": f"nvidia-tesla-{apart[2]}", "count": int(apart[1])}
    image = "projects/deeplearning-platform-release/global/images/family/common-cu128-ubuntu-2204-nvidia-570"
    return {
        **_provider("google", one),
        "variable": {
            **_variable("google_project", "The project that pays."),
            **_variable("google_image", "An image with the NVIDIA driver and Docker.", image),
            **_variable(zone, f"A zone of {one.region} that has {one.gpu}.", f"{one.region}-a"),
        },
        "provider": {"google": {"project": "${var.google_project}"}},
        "resource": {"google_compute_instance": {one.name: machine}},
    }  # fmt: skip


def azure(one: Deployment, script: str, said: Mapping[str, str]) -> dict[str, Any]:
    """Virtual machines in a resource group and subnet that exist."""
    nic = f"{one.name}-nic"
    group = "${var.azure_resource_group}"
    machine: dict[str, Any] = {
        "count": one.nodes, "name": f"{one.name}-${{count.index}}", "location": one.region,
        "resource_group_name": group, "size": one.instance, "admin_username": "azureuser",
        "network_interface_ids": [f"${{azurerm_network_interface.{nic}[count.index].id}}"],
        "admin_ssh_key": {"username": "azureuser", "public_key": "${var.azure_ssh_public_key}"},
        "os_disk": {"caching": "ReadWrite", "storage_account_type": "Premium_LRS",
                    "disk_size_gb": _disk(one)},
        "source_image_reference": {"publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2204",
                                   "version": "latest"},
        "custom_data": f"${{base64encode({_quoted(script)})}}", "tags": dict(said),
    }  # fmt: skip
    if one.term == "spot":
        limit = {"max_bid_price": one.usd_per_hour} if one.usd_per_hour else {}
        machine |= {"priority": "Spot", "eviction_policy": "Delete", **limit}
    address = {"name": "main", "subnet_id": "${var.azure_subnet_id}",
               "private_ip_address_allocation": "Dynamic"}  # fmt: skip
    return {
        **_provider("azurerm", one),
        "variable": {
            **_variable("azure_subscription", "The subscription that pays."),
            **_variable("azure_resource_group", "A resource group that exists."),
            **_variable("azure_subnet_id", "A subnet that exists."),
            **_variable("azure_ssh_public_key", "The key that may log in."),
        },
        "provider": {"azurerm": {"features": {}, "subscription_id": "${var.azure_subscription}"}},
        "resource": {
            "azurerm_network_interface": {nic: {
                "count": one.nodes, "name": f"{one.name}-${{count.index}}", "location": one.region,
                "resource_group_name": group, "ip_configuration": address}},
            "azurerm_linux_virtual_machine": {one.name: machine},
        },
    }  # fmt: skip


def _literal(text: str) -> str:
    """Text in which Terraform sees no template."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _quoted(text: str) -> str:
    """The same as a string within an expression."""
    escaped = _literal(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


MACHINES: Mapping[str, Callable[[Deployment, str, Mapping[str, str]], dict[str, Any]]] = {
    "aws": aws, "google": google, "azurerm": azure,
}  # fmt: skip


class Machine(NamedTuple):
    """Where a resource keeps its tags and type, and how type, region and price limit are read."""

    tags: str
    type: str
    kind: Callable[[str], str]
    region: Callable[[dict[str, Any], dict[str, Any]], str]
    price: Callable[[dict[str, Any]], float | None]


def _spot(made: dict[str, Any]) -> float | None:
    options = made.get("instance_market_options", {}).get("spot_options", {})
    return float(options["max_price"]) if "max_price" in options else None


def _zone(made: dict[str, Any], whole: dict[str, Any]) -> str:
    """The region of the default of a machine's zone."""
    variable = made["zone"].removeprefix("${var.").removesuffix("}")
    return str(whole["variable"][variable]["default"]).rpartition("-")[0]


RESOURCES: Mapping[str, Machine] = {
    "aws_instance": Machine(
        "tags", "instance_type", str, lambda made, _: made["provider"].partition(".")[2], _spot
    ),
    "google_compute_instance": Machine("metadata", "machine_type", _host, _zone, lambda _: None),
    "azurerm_linux_virtual_machine": Machine(
        "tags", "size", str, lambda made, _: made["location"], lambda made: made.get("max_bid_price")
    ),
}
