"""Rules of the house for rendered manifests, which their schema does not know. Usage: kubernetes_rules.py FILE"""

import sys

import yaml

from profile_rules import Profile, roles

objects = [one for one in yaml.safe_load_all(open(sys.argv[1])) if one]
problems = []


def expect(condition, where, what):
    if not condition:
        problems.append(f"{where}: {what}")


def named(kind):
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def is_part(selector, labels):
    """Whether a selector of labels chooses a pod with `labels`."""
    for rule in selector.get("matchExpressions", []):
        if rule["operator"] != "In" or labels.get(rule["key"]) not in rule["values"]:
            return False
    return selector.get("matchLabels", {}).items() <= labels.items()


workloads = {f"{kind} {name}": one for kind in ("Deployment", "StatefulSet", "Job") for name, one in named(kind).items()}
pods = {where: one["spec"]["template"] for where, one in workloads.items()}
maps, accounts, policies = named("ConfigMap"), named("ServiceAccount"), named("NetworkPolicy")
# Of mail servers: between them, and with TLS from the first byte or from STARTTLS on.
mail_ports = {25, 465, 587}


def ports_out(labels):
    """Ports of other machines that a pod with `labels` may reach."""
    rules = [rule for one in policies.values() if is_part(one["spec"]["podSelector"], labels)
             for rule in one["spec"].get("egress", [])]
    return {port["port"] for rule in rules if any("ipBlock" in to for to in rule["to"]) for port in rule["ports"]}


for where, pod in pods.items():
    spec, kind = pod["spec"], where.split()[0]
    context = spec.get("securityContext", {})
    expect(context.get("runAsNonRoot") and context.get("runAsUser", 0) >= 1000, where, "may run as root")
    expect(context.get("seccompProfile", {}).get("type") == "RuntimeDefault", where, "has no call filter")
    expect(context.get("fsGroupChangePolicy") == "OnRootMismatch", where, "changes the modes of files at each start")
    expect(spec.get("automountServiceAccountToken") is False, where, "gets a token of the cluster")
    expect(spec.get("serviceAccountName") in accounts, where, "has no account of its own")
    for forbidden in ("hostNetwork", "hostPID", "hostIPC"):
        expect(not spec.get(forbidden), where, f"uses {forbidden}")
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    claims = {claim["metadata"]["name"] for claim in workloads[where]["spec"].get("volumeClaimTemplates", [])}
    for volume in volumes.values():
        expect("hostPath" not in volume, where, "sees the machine's files")
        expect("emptyDir" not in volume or volume["emptyDir"].get("sizeLimit"), where, f"volume {volume['name']} has no limit")
        expect("configMap" not in volume or volume["configMap"]["name"] in maps, where, "names a ConfigMap that is not there")

    for container in spec["containers"] + spec.get("initContainers", []):
        inner = container.get("securityContext", {})
        expect(inner.get("allowPrivilegeEscalation") is False, where, "may gain privileges")
        expect(inner.get("readOnlyRootFilesystem") is True, where, "has a writable root")
        expect(inner.get("capabilities", {}).get("drop") == ["ALL"], where, "keeps capabilities")
        resources = container.get("resources", {})
        for part in ("requests", "limits"):
            expect({"cpu", "memory"} <= resources.get(part, {}).keys(), where, f"has no {part}")
        name, _, tag = container["image"].rpartition(":")
        expect(name and tag and tag != "latest", where, f"image {container['image']} has no fixed tag")
        for mount in container.get("volumeMounts", []):
            expect(mount["name"] in volumes.keys() | claims, where, f"mounts {mount['name']}, which is not there")
        for variable in container.get("env", []):
            expect("value" not in variable or "PASSWORD" not in variable["name"], where, "has a secret in the manifest")
        ports = {port["name"] for port in container.get("ports", [])}
        if kind != "Job":
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                expect(probe in container, where, f"has no {probe}")
                expect(container.get(probe, {}).get("httpGet", {}).get("port") in ports, where, f"{probe} asks no port of it")
            expect(container.get("livenessProbe", {}).get("httpGet", {}).get("path") == "/livez", where,
                   "is restarted for what others fail at")

        arguments = container["args"]
        file = next(argument for argument in arguments if argument.startswith("/etc/cloudstream/"))
        profile = Profile(file.removeprefix("/etc/cloudstream/").removesuffix(".yaml"))
        for problem in profile.problems_of(arguments):
            expect(False, where, problem)
        if kind != "Job":
            told = {key for source in container.get("envFrom", []) if "configMapRef" in source
                    for key in maps.get(source["configMapRef"]["name"], {}).get("data", {})}
            expect("CLOUDSTREAM_PUBLIC_URL" in told, where, "does not know what browsers call it")
        allowed = ports_out(pod["metadata"]["labels"]) & mail_ports
        if "smtp" in profile.tree.get("mail", {}) and kind != "Job" and "scheduler" in roles(arguments):
            expect(allowed == mail_ports, where, "has no way to the mail server")
        else:
            expect(not allowed, where, "has a way to mail servers, and needs none")
        given = volumes.get("profile", {}).get("configMap", {}).get("name")
        expect(maps.get(given, {}).get("data") == {file.rpartition("/")[2]: profile.text}, where, "has another profile")
        if kind != "Job":
            stop = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
            needed = int(stop[1]) + profile.seconds("http", "drainDeadline") + 5
            grace = spec.get("terminationGracePeriodSeconds", 30)
            expect(int(stop[1]) >= 5, where, "closes its listeners before others know")
            expect(grace > needed, where, f"is killed after {grace} s, and may need {needed} s")

budgets, scalers = named("PodDisruptionBudget"), named("HorizontalPodAutoscaler")
for name, one in named("Deployment").items():
    where, labels = f"Deployment {name}", one["spec"]["template"]["metadata"]["labels"]
    expect(is_part(one["spec"]["selector"], labels), where, "does not select its own pods")
    expect(one["spec"]["strategy"].get("rollingUpdate", {}).get("maxUnavailable") == 0, where, "takes pods away before others are ready")
    expect(any(is_part(budget["spec"]["selector"], labels) for budget in budgets.values()), where, "has no disruption budget")
    keys = {spread["topologyKey"] for spread in one["spec"]["template"]["spec"].get("topologySpreadConstraints", [])}
    expect("topology.kubernetes.io/zone" in keys, where, "is not spread over zones")
    scaled = name in {scaler["spec"]["scaleTargetRef"]["name"] for scaler in scalers.values()}
    expect(scaled != ("replicas" in one["spec"]), where, "has both or neither of replicas and an autoscaler")
    expect(scaled or one["spec"]["replicas"] >= 2, where, "has one pod alone")
for name, one in scalers.items():
    expect(one["spec"]["scaleTargetRef"]["name"] in named("Deployment"), f"autoscaler {name}", "scales what is not there")

for name, one in named("Service").items():
    chosen = [pod for pod in pods.values() if is_part({"matchLabels": one["spec"]["selector"]}, pod["metadata"]["labels"])]
    expect(chosen, f"Service {name}", "chooses no pod")
    ports = {port["name"] for pod in chosen for container in pod["spec"]["containers"] for port in container["ports"]}
    for port in one["spec"]["ports"]:
        expect(port["targetPort"] in ports, f"Service {name}", f"leads to port {port['targetPort']}, which is not there")
for name, one in named("Ingress").items():
    for rule in one["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            expect(path["backend"]["service"]["name"] in named("Service"), f"Ingress {name}", "leads nowhere")
    hosts = {rule["host"] for rule in one["spec"]["rules"]}
    expect(hosts <= {host for tls in one["spec"].get("tls", []) for host in tls["hosts"]}, f"Ingress {name}", "has no TLS")

closed = [one for one in policies.values() if one["spec"]["podSelector"] == {} and set(one["spec"]["policyTypes"]) ==
          {"Ingress", "Egress"} and not one["spec"].get("ingress") and not one["spec"].get("egress")]
expect(closed, "NetworkPolicy", "there is none that denies all")
for name, one in policies.items():
    expect(any(is_part(one["spec"]["podSelector"], pod["metadata"]["labels"]) for pod in pods.values()), f"NetworkPolicy {name}",
           "chooses no pod")
expect(not named("Secret"), "Secret", "values have no place in manifests")
for one in objects:
    if one["kind"] != "Namespace":
        expect(one["metadata"].get("namespace") == "cloudstream", f"{one['kind']} {one['metadata']['name']}", "is in no namespace")

print("\n".join(problems))
sys.exit(bool(problems))
