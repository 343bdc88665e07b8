# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import pytest

from jax_embedded.capture.installed import PACKAGES, installed_versions
from jax_embedded.errors import ExportError


def install(root: Path, package: str, version: str | None) -> str:
    """A package below `root`, with or without its metadata. Returns the entry of sys.path."""
    (root / package).mkdir(parents=True)
    (root / package / "__init__.py").touch()
    if version:
        info = root / f"{package}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {package}\nVersion: {version}\n")
    return str(root)


@pytest.fixture
def path(monkeypatch):
    """A sys.path without jax and jaxlib."""
    entries = [
        entry for entry in sys.path if not any(Path(entry, name).exists() for name in PACKAGES)
    ]
    monkeypatch.setattr(sys, "path", entries)
    return entries


@pytest.fixture
def one(path, tmp_path):
    """A sys.path with jax 1.1 and jaxlib 1.2, in folders of their own as in runfiles."""
    for package, version in [("jax", "1.1"), ("jaxlib", "1.2")]:
        path.append(install(tmp_path / f"x.runfiles/pip_{package}/site-packages", package, version))
    return path


@pytest.mark.usefixtures("one")
def test_the_versions_are_those_on_the_path():
    assert installed_versions() == {"jax": "1.1", "jaxlib": "1.2"}


@pytest.mark.usefixtures("path")
def test_nothing_installed():
    with pytest.raises(ExportError) as caught:
        installed_versions()
    assert caught.value.kind == "no-jax"


@pytest.mark.parametrize("package", ["jax", "jaxlib"])
@pytest.mark.parametrize("version", ["2.0", None])
def test_two_of_a_package_are_both_named(one, tmp_path, package, version):
    one.append(install(tmp_path / "venv/site-packages", package, version))
    with pytest.raises(ExportError) as caught:
        installed_versions()
    assert caught.value.kind == "two-jax"
    assert caught.value.what == f"{package}: expected one on sys.path, found 2"
    ours = {"jax": "1.1", "jaxlib": "1.2"}[package]
    assert caught.value.details == (
        f"{package} {ours} in pip_{package}/site-packages",
        f"{package} {version or 'without a version'} in {tmp_path}/venv/site-packages",
    )


def test_two_ways_to_one_place_are_one(one, tmp_path):
    site = tmp_path / "x.runfiles/pip_jax/site-packages"
    (tmp_path / "link").symlink_to(site)
    (tmp_path / "files/jax").mkdir(parents=True)
    (tmp_path / "files/jax/__init__.py").symlink_to(site / "jax/__init__.py")
    one += [str(tmp_path / "link"), str(tmp_path / "files"), str(site)]
    assert installed_versions()["jax"] == "1.1"


def test_a_folder_without_a_module_is_none(one, tmp_path):
    (tmp_path / "jax").mkdir()
    one += [str(tmp_path), str(tmp_path / "nowhere")]
    assert installed_versions()["jax"] == "1.1"
