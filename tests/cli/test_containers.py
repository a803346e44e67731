"""The compose file and the image: nobody is root, nothing secret is written down, what must not be written to cannot be."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = (REPOSITORY / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_is_bound(name):
    service = COMPOSE["services"][name]
    assert int(service["user"].split(":")[0]) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "healthcheck" in service or service["restart"] == "no"
    assert not [port for port in service.get("ports", []) if not port.startswith("127.0.0.1:")]


def test_services_start_in_order():
    services = COMPOSE["services"]
    assert services["migrate"]["depends_on"]["database"]["condition"] == "service_healthy"
    for name in ("api", "worker"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert "GROUNDWORK_MIGRATE_URL" not in services[name]["environment"]
        assert services[name]["volumes"] == ["facts:/data"]
    assert {volume.split(":")[0] for service in services.values() for volume in service["volumes"] if volume[0] != "."} == set(
        COMPOSE["volumes"]
    )


def test_no_password_stands_in_a_file():
    for found in [*re.findall(r"PASSWORD: (.*)", TEXT), *re.findall(r"://\w+:(.*?)@", TEXT)]:
        assert found.startswith("${"), found
    assert set(re.findall(r"\$\{(\w+):\?", TEXT)) <= set(re.findall(r"^(\w+)=$", (REPOSITORY / "deploy/env.example").read_text(), re.M))


def test_the_image_ends_as_an_ordinary_user_with_a_command_that_exists():
    lines = (REPOSITORY / "Dockerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER")][-1] == "USER 10001:10001"
    assert 'ENTRYPOINT ["groundwork"]' in lines
    assert "--require-hashes" in "\n".join(lines)


def test_the_database_script_is_a_shell_script():
    subprocess.run(["sh", "-n", str(REPOSITORY / "deploy" / "postgres-init.sh")], check=True)
