"""What a deployment must give to the program, read from profiles/ and the code that reads them."""

import pathlib
import re

import yaml

root = pathlib.Path(__file__).parent.parent.parent
sources = "\n".join(path.read_text() for path in (root / "Sources/Profiles/Profile").glob("*.swift"))


def options(arguments, name):
    """Values of an option that may be repeated."""
    return [value for option, value in zip(arguments, arguments[1:]) if option == name]


def overrides(arguments):
    """What `--set` gives, by key."""
    return dict(value.partition("=")[::2] for value in options(arguments, "--set"))


def roles(arguments):
    """Of a process that serves."""
    return {role for value in options(arguments, "--role") for role in value.split(",")}


class Profile:
    def __init__(self, name):
        self.text = (root / "profiles" / f"{name}.yaml").read_text()
        self.tree = yaml.safe_load(self.text)

    @property
    def variables(self):
        """Names that `env:` references ask for."""
        return set(re.findall(r"\benv:([A-Z][A-Z0-9_]*)$", self.text, re.M))

    def seconds(self, *path):
        value = self.tree
        for step in path:
            value = value[step]
        return int(re.fullmatch(r"(\d+)s", value)[1])

    def has(self, key):
        """Whether the file has this key, or the code that reads its section knows it."""
        value = self.tree
        for step in key.split("."):
            if not isinstance(value, dict) or step not in value:
                return re.search(rf'section\.\w+\(\s*"{step}"', sources) is not None
            value = value[step]
        return True

    def problems_of(self, arguments):
        """Of what stands behind `app` in a manifest."""
        found = []
        for value in options(arguments, "--set"):
            key, sign, _ = value.partition("=")
            if not sign or not self.has(key):
                found.append(f"--set {value}: there is no such key")
        if arguments[0] == "migrate":
            # A role of the database; without it the program asks for the address of those who serve.
            if not options(arguments, "--role"):
                found.append("names no role who will serve")
            return found
        for role in sorted(roles(arguments)):
            if not re.search(rf"case .*\b{role}\b", sources):
                found.append(f"--role {role}: there is no such role")
        # Letters, the bucket's CORS rule and the gateway need it, not the api alone.
        if "CLOUDSTREAM_PUBLIC_URL" not in overrides(arguments).get("http.publicURL", ""):
            found.append("is not told http.publicURL")
        return found
