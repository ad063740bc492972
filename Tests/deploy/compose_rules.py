"""Rules of the house for the compose file, which its schema does not know. Usage: compose_rules.py FILE"""

import pathlib
import re
import sys

import yaml

from profile_rules import Profile, options, roles

file = pathlib.Path(sys.argv[1])
text = file.read_text()
stage = yaml.safe_load(text)
profile = Profile("series-a")
serving = re.match(r"postgresql://(\w+):", stage["x-app"]["environment"]["CLOUDSTREAM_POSTGRES_URL"])[1]
inner = {name for name, network in stage["networks"].items() if network.get("internal")}
problems = []


def expect(condition, service, what):
    if not condition:
        problems.append(f"{service}: {what}")


def words(value):
    return value if isinstance(value, list) else (value or "").split()


for name, service in stage["services"].items():
    image = service.get("image", "")
    default = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", image)
    expect(re.search(r":[\w.-]+$", default) and not default.endswith(":latest"), name, f"image {image} has no fixed tag")
    expect(service.get("cap_drop") == ["ALL"], name, "keeps capabilities")
    expect("no-new-privileges:true" in service.get("security_opt", []), name, "may gain privileges")
    expect(not service.get("privileged"), name, "is privileged")
    limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
    expect({"cpus", "memory", "pids"} <= limits.keys(), name, "has no limits")
    once = service.get("restart") == "no"
    expect(once or service.get("healthcheck"), name, "has no health check")
    for port in service.get("ports", []):
        expect(port.startswith("127.0.0.1:"), name, f"port {port} is open to others")
    sends = "scheduler" in roles(words(service.get("command")))
    outward = set(service["networks"]) - inner
    expect(outward or not sends, name, "has no way to the mail server")
    expect(not outward or sends or service.get("ports"), name, "has a way out, and needs none")
    for key, value in service.get("environment", {}).items():
        if re.search(r"PASSWORD|SECRET|_KEY$|KEY_ID|_URL$", key):
            expect("${" in str(value), name, f"{key} has a value in the file")
    for other, condition in service.get("depends_on", {}).items():
        target = stage["services"].get(other)
        expect(target, name, f"depends on {other}, which is not there")
        wanted = condition["condition"]
        expect(wanted != "service_healthy" or target and target.get("healthcheck"), name, f"{other} has no health check")
        expect(wanted != "service_completed_successfully" or target and target.get("restart") == "no", name,
               f"{other} never completes")
    for volume in service.get("volumes", []):
        if isinstance(volume, str) and volume.startswith("./"):
            expect((file.parent / volume.split(":")[0]).exists(), name, f"{volume} is not there")

    if not image.startswith("${CLOUDSTREAM_IMAGE"):
        continue
    expect(service.get("read_only"), name, "has a writable root")
    command = words(service.get("command"))
    for problem in profile.problems_of(command):
        expect(False, name, problem)
    if command[0] == "migrate":
        expect(set(service["environment"]) == {"CLOUDSTREAM_POSTGRES_OWNER_URL"}, name, "knows more than the owner's address")
        expect(options(command, "--role") in ([], [serving]), name, f"admits another role than {serving}")
        continue
    # The gateways' own key proves that a gateway calls: whoever else had it could pose as one.
    own = set() if "gateway" in command else {"CLOUDSTREAM_SERVICE_KEY"}
    expect(not own & service["environment"].keys(), name, "knows the gateways' key")
    # Letters are sent by the scheduler alone.
    if not sends:
        expect("CLOUDSTREAM_SMTP_URL" not in service["environment"], name, "knows the mail server's password")
        own = own | {"CLOUDSTREAM_SMTP_URL"}
    missing = profile.variables - own - service["environment"].keys()
    expect(not missing, name, f"lacks {', '.join(sorted(missing))}")
    expect("CLOUDSTREAM_POSTGRES_OWNER_URL" not in service["environment"], name, "knows the owner's password")
    drain = profile.seconds("http", "drainDeadline") + 5
    grace = int(service.get("stop_grace_period", "10s").rstrip("s"))
    expect(grace >= drain, name, f"is killed after {grace} s, and may need {drain} s")

commands = [words(service.get("command")) for service in stage["services"].values()]
run = {role for command in commands if "migrate" not in command for role in roles(command)}
expect(run == {"api", "chat", "gateway", "projector", "relay", "scheduler", "worker"}, "stage", f"runs {sorted(run)}")

# The example names what is asked for, and nothing has a value in it.
asked = set(re.findall(r"\$\{(\w+):\?", text))
optional = set(re.findall(r"\$\{(\w+):-", text))
example = (file.parent / "example.env").read_text()
given = dict(re.findall(r"^(\w+)=(.*)$", example, re.M))
expect(asked == given.keys(), "example.env", f"differs in {', '.join(sorted(asked ^ given.keys()))}")
expect(not any(given.values()), "example.env", "has a value")
commented = set(re.findall(r"^#(\w+)=", example, re.M))
expect(optional == commented | {"CLOUDSTREAM_S3_BUCKET"} or optional <= commented | {"CLOUDSTREAM_S3_BUCKET"}, "example.env",
       f"does not tell of {', '.join(sorted(optional - commented))}")

print("\n".join(problems))
sys.exit(bool(problems))
