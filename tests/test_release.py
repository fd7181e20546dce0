"""What a release says of itself agrees, and what a package index shows leads somewhere."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest
import test_own_algorithm
import test_own_generator
import test_own_metric
import yaml

import seqgan

REPOSITORY = Path(__file__).parent.parent
PROJECT = (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
ADDRESS = "https://example.org/somebody/seqgan"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(REPOSITORY / "scripts" / "release_links"))


def test_the_changelog_has_what_is_to_come_and_this_version():
    versions = re.findall(r"^## \[(.+?)\]", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert versions[0] == "Unreleased"
    assert seqgan.__version__ in versions
    kinds = re.findall(r"^### (.+)", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_what_is_cited_is_this_version_and_no_person():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == seqgan.__version__
    assert citation["license"] == tomllib.loads(PROJECT)["project"]["license"]
    assert citation["authors"] == [{"name": "The seqgan developers"}]


def test_types_are_promised_and_there():
    assert "Typing :: Typed" in tomllib.loads(PROJECT)["project"]["classifiers"]
    assert (Path(seqgan.__file__).parent / "py.typed").exists()


def test_files_of_the_source_distribution_are_there():
    for name in tomllib.loads(PROJECT)["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        assert (REPOSITORY / name).exists(), name


def test_links_of_the_page_that_an_index_shows_are_absolute(script):
    page = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = script["absolute_links"](page, ADDRESS, "v1.2.3")
    before, after = (re.findall(r"\]\(([^)\s]+)\)", text) for text in (page, shown))
    assert len(after) == len(before) > 20
    for old, new in zip(before, after, strict=True):
        assert re.match(r"https?://|#", new), new
        if not re.match(r"https?://|#", old):
            assert (REPOSITORY / old.partition("#")[0]).exists()
            assert new == f"{ADDRESS}/blob/v1.2.3/{old}"
    assert not re.search(r"<(img|a) |^\[.+\]: ", page, re.M)  # other ways to link, which are not rewritten
    kept = "[a](#here) [b](https://example.org/x) [c](docs/x.md#there)"
    assert script["absolute_links"](kept, ADDRESS, "v1") == kept.replace("docs", f"{ADDRESS}/blob/v1/docs")


def test_a_release_names_its_repository(script):
    project = tomllib.loads(script["named_repository"](PROJECT, ADDRESS, "v1.2.3"))
    urls = project["project"].pop("urls")
    assert urls["Repository"] == ADDRESS
    assert urls["Changelog"] == f"{ADDRESS}/blob/v1.2.3/CHANGELOG.md"
    assert project == tomllib.loads(PROJECT)  # and nothing else is changed


def test_the_workflow_calls_scripts_that_are_there():
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
    called = [step["run"] for step in workflow["jobs"]["build"]["steps"] if "run" in step]
    named = re.findall(r"scripts/\w+", "\n".join(called))
    assert named == ["scripts/release_links", "scripts/check_wheel"]
    assert all((REPOSITORY / name).is_file() for name in named)
    assert "secrets." not in (REPOSITORY / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", [test_own_metric, test_own_algorithm, test_own_generator])
def test_what_contributors_read_is_what_is_tested(module):
    assert f"```python\n{module.FILE.strip()}\n```" in (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
