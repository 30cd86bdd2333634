"""Holds the running server against its own description, in a local cloud that lives as long as this does.

Schemathesis sends every operation what its description allows and what it forbids, with the administrator's credentials and
without any. No answer may be a fault of the server, have a status, a content type or a header that is not described, or break its
schema. The seed is fixed: a run that fails, fails again.

Run by `.ci/run`, which puts schemathesis on PYTHONPATH. With ROSTER_STATE, the state.json of a local cloud that runs already, it
uses that one.
"""

import base64
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

WORKSPACE = pathlib.Path(__file__).resolve().parents[2]
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance"
SEED = 26
# What schemathesis tries systematically grows with the depth of a body: ten thousand requests for a membership alone. Bodies that
# hold FHIR are tried at random only.
DEEP = (
    "createProject", "initProject", "cloneProject", "invite", "inviteBatch", "updateMembership", "createClient", "createBot", "scimCreate", "scimReplace",
    "scimPatch", "fhirCreate", "fhirUpdate", "fhirUpdateMatch", "fhirPatch", "fhirPatchMatch", "fhirBatch", "fhirValidate", "updateUser", "patchUser",
    "setSecrets", "setSites",
)


class Caller:
    """The server administrators' application."""

    def __init__(self, state):
        self.api = state["api"]
        self.identity = f'{state["adminClientId"]}:{state["adminClientSecret"]}'

    def post(self, path, body):
        token = base64.b64encode(self.identity.encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.api + path, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


def places(caller):
    """What is there to be read, changed and deleted: configuration for schemathesis."""
    project = caller.post("/fhir/R4/Project", {"resourceType": "Project", "name": "Described", "strictMode": True})["id"]
    person = {"resourceType": "Practitioner", "firstName": "Alice", "lastName": "Smith"}

    def member():
        email = f"alice.{uuid.uuid4()}@example.com"
        return caller.post(f"/admin/projects/{project}/invite", {**person, "email": email})["id"]

    patient = caller.post("/fhir/R4/Patient", {"resourceType": "Patient", "meta": {"project": project}})["id"]
    fixed = {"path.projectId": project, "path.membershipId": member(), "path.resourceType": "Patient", "path.id": patient}
    # What is deleted is somebody else, so that the others go on meeting a member.
    gone = {name: member() for name in ("removeMember", "revokeInvitation", "scimDelete")}
    hooks = pathlib.Path(__file__).with_name("hooks.py")
    lines = [f"seed = {SEED}", f'hooks = "{hooks}"', "", "[parameters]", *(f'"{name}" = "{value}"' for name, value in fixed.items())]
    for operation, value in gone.items():
        lines += ["", "[[operations]]", f'include-operation-id = "{operation}"', f'parameters = {{ "path.membershipId" = "{value}" }}']
    for operation in DEEP:
        lines += ["", "[[operations]]", f'include-operation-id = "{operation}"', "phases.coverage.enabled = false"]
    return "\n".join(lines) + "\n"


def check(state, folder, examples, who):
    """One run over all operations, with so many random requests for each; `who` is the arguments that say who asks."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml"), "run", state["api"] + "/openapi.json"]
    command += ["--checks", CHECKS, "--max-examples", str(examples), "--phases", "examples,coverage,fuzzing", "--continue-on-failure"]
    command += ["--request-timeout", "30", "--suppress-health-check", "all", "--warnings", "off", *who]
    return subprocess.run(command, cwd=folder).returncode


def run(state, folder):
    caller = Caller(state)
    (folder / "schemathesis.toml").write_text(places(caller))
    print("-- with the administrator's credentials", flush=True)
    known = check(state, folder, 20, ["--auth", caller.identity])
    print("-- without credentials", flush=True)
    return check(state, folder, 2, []) or known


def started(folder):
    """A local cloud, and what it says about itself once everything answers."""
    options = ["--memory", "--api-port", "0", "--mailbox-port", "0", "--concurrency", "2", "--data", str(folder / "cloud")]
    cloud = subprocess.Popen(["cargo", "local", *options], cwd=WORKSPACE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    state = folder / "cloud/state.json"
    while cloud.poll() is None and not state.exists():
        time.sleep(0.1)
    return cloud, state


def main():
    with tempfile.TemporaryDirectory(prefix="roster-") as name:
        folder = pathlib.Path(name)
        if "ROSTER_STATE" in os.environ:
            return run(json.loads(pathlib.Path(os.environ["ROSTER_STATE"]).read_text()), folder)
        cloud, state = started(folder)
        try:
            return run(json.loads(state.read_text()), folder) if state.exists() else 1
        finally:
            cloud.send_signal(signal.SIGTERM)
            cloud.wait()


if __name__ == "__main__":
    sys.exit(main())
