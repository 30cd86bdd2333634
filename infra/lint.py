"""Checks template.yaml offline: as it is written, and as CloudFormation will see it after the SAM transform.

The second look matters: the linter does not see wrong attributes inside SAM's own shorthand. Run by `.ci/run`, which puts
`cfn-lint` and `aws-sam-translator` on PYTHONPATH.
"""

import json
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = pathlib.Path(__file__).parent / "template.yaml"

# The translator would ask IAM for these names.
MANAGED = {
    name: f"arn:aws:iam::aws:policy/service-role/{name}"
    for name in ("AWSLambdaBasicExecutionRole", "AWSLambdaDynamoDBExecutionRole")
}


def translated() -> dict:
    """The template after the SAM transform; packaging, which uploads the code, is stood in for by a fixed address."""
    template = yaml_parse(TEMPLATE.read_text())
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/key"
    return Translator(MANAGED, Parser()).translate(template, {"AWS::Region": "us-east-1"})


def complaints(path: pathlib.Path) -> list[str]:
    found = lint_file(path, config=ManualArgs(regions=["us-east-1"]))
    return [f"{match.rule.id} {match.message} ({'/'.join(map(str, match.path or []))})" for match in found]


def main() -> int:
    found = complaints(TEMPLATE)
    with tempfile.TemporaryDirectory() as folder:
        plain = pathlib.Path(folder) / "translated.json"
        plain.write_text(json.dumps(translated(), indent=1, default=str))
        found += [f"after the transform: {complaint}" for complaint in complaints(plain)]
    for complaint in found:
        print(complaint)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
