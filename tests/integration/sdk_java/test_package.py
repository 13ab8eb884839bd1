"""The jar as customers get it: from a repository that is a folder, in a project of its own, used as its README says."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from leadline.v1.scoring_service_pb2 import ScoreChange

from leadline_sdk import Score
from tests.integration.sdk.fake_identity_service import FIRST_KEY
from tests.integration.sdk.fake_leadline_service import FakeLeadline, lead_name
from tests.sdk.conftest import RUNS_ALL
from tests.sdk.drivers import DRIVERS, REPOSITORY, run_build

SDK = REPOSITORY / "sdk" / "java"
POM = """
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.example</groupId>
  <artifactId>crm</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <repositories>
    <repository><id>folder</id><url>{folder}</url></repository>
  </repositories>
  <dependencies>
    <dependency><groupId>dev.leadline</groupId><artifactId>leadline-sdk</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"""


def maven(*arguments: str, folder: Path) -> str:
    """Run Maven in a folder; give what it says, or fail with it."""
    command = ["mvn", "--batch-mode", "--quiet", *arguments]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout).strip()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that depends on nothing but the SDK, with the quick start of its README, compiled."""
    if not RUNS_ALL:
        pytest.skip("needs a toolchain that only `make test-sdks` asks for")
    if missing := DRIVERS["java"].missing():
        pytest.fail(f"missing for the Java SDK: {', '.join(missing)}")
    run_build(["make", "sdk-java"], REPOSITORY, DRIVERS["java"].agent)
    (jar,) = (SDK / "target").glob("leadline-sdk-*.jar")
    version = jar.stem.removeprefix("leadline-sdk-")

    repository = tmp_path_factory.mktemp("repository")
    packaged = repository / "dev" / "leadline" / "leadline-sdk" / version
    packaged.mkdir(parents=True)
    shutil.copy(jar, packaged)
    shutil.copy(SDK / "pom.xml", packaged / f"{jar.stem}.pom")

    folder = tmp_path_factory.mktemp("project")
    sources = folder / "src" / "main" / "java"
    sources.mkdir(parents=True)
    readme = (SDK / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```java\n(import .*?)```", readme, re.DOTALL)
    program = code.replace('builder("leadline.example.com:443").apiKey("...")', "builder(arguments[0]).plaintext()")
    program = program.replace(".plaintext()", f'.plaintext().apiKey("{FIRST_KEY}")')
    (sources / "QuickStart.java").write_text(program, encoding="utf-8")
    (folder / "pom.xml").write_text(POM.format(folder=repository.as_uri(), version=version), encoding="utf-8")

    # A copy of what Maven has fetched, by links, so that an SDK of another build can't be found in it.
    fetched = Path(maven("help:evaluate", "-Dexpression=settings.localRepository", "-DforceStdout", folder=folder))
    local = tmp_path_factory.mktemp("fetched") / "repository"
    shutil.copytree(fetched, local, copy_function=_link, ignore=shutil.ignore_patterns("leadline"))
    arguments = (f"-Dmaven.repo.local={local}", "compile", "dependency:copy-dependencies", "-DincludeScope=runtime")
    maven(*arguments, folder=folder)
    return folder


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # on another file system
        shutil.copy(source, target)
    return target


@pytest.fixture
def leadline() -> Iterator[FakeLeadline]:
    with FakeLeadline() as running:
        yield running


def test_the_quick_start_works_from_the_package_alone(leadline: FakeLeadline, project: Path) -> None:
    leadline.changes = [ScoreChange(score=Score(lead=lead_name(7), probability=0.75), previous_probability=0.5)]
    lines: list[str] = []
    run = ["java", "-cp", "target/classes:target/dependency/*", "QuickStart", leadline.address]
    with subprocess.Popen(run, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            lines.append(line.rstrip())
            if lead_name(7) in line:
                running.terminate()  # a watch has no end
                break
    assert lines[-1] == f"{lead_name(7)} 0.75", lines
    assert "0.87" in lines
    assert "Lead Source Google 2.0" in lines
    assert [lead.external_id for lead in leadline.leads] == ["1"]
    assert str(leadline.metadata["ScoreInlineLead"]["user-agent"]).startswith("leadline-java/")


def test_no_file_of_the_package_names_a_registry() -> None:
    assert "<repository>" not in (SDK / "pom.xml").read_text(encoding="utf-8")
