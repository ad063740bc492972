"""What a deployment must give to the program, read from profiles/ and the code that reads them."""

import pathlib
import re

import yaml

root = pathlib.Path(__file__).parent.parent.parent
sources = "\n".join(path.read_text() for path in (root / "Sources/Profiles/Profile").glob("*.swift"))


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
        for number, argument in enumerate(arguments):
            if argument == "--set":
                key, sign, _ = arguments[number + 1].partition("=")
                if not sign or not self.has(key):
                    found.append(f"--set {arguments[number + 1]}: there is no such key")
            if argument == "--role":
                for role in arguments[number + 1].split(","):
                    if not re.search(rf"case .*\b{role}\b", sources):
                        found.append(f"--role {role}: there is no such role")
        return found
