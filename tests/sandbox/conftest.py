import subprocess

import pytest

from connector.jira.sandbox import hub_signature
from connector.sandbox import Hooks
from connector.servicenow.sandbox import business_rule
from tests.contract.jira import JiraDataCenterHarness, JiraHarness
from tests.contract.servicenow import ServiceNowHarness
from tests.sandbox.receiver import Receiver


@pytest.fixture
def jira():
    made = JiraHarness()
    yield made
    made.close()


@pytest.fixture(params=[JiraHarness, JiraDataCenterHarness], ids=["cloud", "data-center"])
def any_jira(request):
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def snow():
    made = ServiceNowHarness()
    yield made
    made.close()


@pytest.fixture(params=[JiraHarness, ServiceNowHarness], ids=["jira", "servicenow"])
def harness(request):
    made = request.param()
    yield made
    made.close()


@pytest.fixture
def receiver(request):
    """Listens to the stand-in of whichever harness the test uses."""
    made = Receiver()
    for name in ("harness", "jira", "snow"):
        if name in request.fixturenames:
            standin = request.getfixturevalue(name).standin
            if "servicenow" in type(standin).__module__:
                standin.hooks = business_rule(made.url, "hook-secret", standin.clock, 0.01)
            else:
                standin.hooks = Hooks(made.url, hub_signature("hook-secret"), 0.01)
    yield made
    made.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=stand-in", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    command = ["openssl", "req", "-x509", *kind, *names, "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True)
    return files
