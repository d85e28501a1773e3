"""Validates objects of Kubernetes that come on standard input: RELEASE KIND..., where the kinds are not Kubernetes' own.

A process of its own: its libraries are newer than the system's."""

import sys

import kubernetes_validate
import yaml


def main(release: str, others: set[str]) -> None:
    for one in yaml.safe_load_all(sys.stdin):
        if one is None or one["kind"] in others:
            continue
        try:
            kubernetes_validate.validate(one, release, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.InvalidSchemaError,
                kubernetes_validate.SchemaNotFoundError) as error:
            message = str(getattr(error, "message", error)).splitlines()
            print(f"{one['kind']} {one['metadata']['name']}: {' '.join(message)[:500]}")


if __name__ == "__main__":
    main(sys.argv[1], set(sys.argv[2:]))
