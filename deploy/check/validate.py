"""Holds rendered manifests against the schemas of Kubernetes: validate.py FOLDER.

Every FOLDER/*.yaml is checked, strictly, against the oldest version that the chart is for and a new one; custom resources
against schemas/*.json beside this file. Beside each file its documents are written as JSON.
"""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

VERSIONS = ["1.30", "1.37"]
here = pathlib.Path(__file__).parent
custom = {path.stem: json.loads(path.read_text()) for path in (here / "schemas").glob("*.json")}


def faults(document):
    """What is wrong with one document, a line each."""
    name = f"{document.get('kind')} {document.get('metadata', {}).get('name')}"
    schema = custom.get(document.get("kind", "").lower())
    if schema is not None:
        errors = jsonschema.Draft7Validator(schema).iter_errors(document)
        return [f"{name}: {'.'.join(map(str, error.path))}: {error.message}" for error in errors]
    found = []
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            path = ".".join(map(str, getattr(error, "path", [])))
            found.append(f"{name} ({version}): {path}: {getattr(error, 'message', error)}")
    return found


def main(folder):
    total = 0
    wrong = []
    for path in sorted(pathlib.Path(folder).glob("*.yaml")):
        documents = [document for document in yaml.safe_load_all(path.read_text()) if document]
        total += len(documents)
        wrong += [f"{path.name}: {fault}" for document in documents for fault in faults(document)]
        path.with_suffix(".json").write_text(json.dumps(documents))
    print(f"{total} documents")
    print("\n".join(wrong))
    return 1 if wrong or total == 0 else 0


sys.exit(main(sys.argv[1]))
